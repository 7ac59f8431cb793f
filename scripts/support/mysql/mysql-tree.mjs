import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../failure.mjs';
import { unpackPackage } from './debian-packages.mjs';

/** The server and nothing else. Only Debian's unstable branch has MySQL; it has the newest. */
const PACKAGE = 'mysql-server-core';

/**
 * Fills a folder with a MySQL server that runs where it lies, as any user: the packages in `root`, and `mysqld`, which
 * runs it. Nothing is installed on this machine, and no script of a package is run.
 *
 * @param {string} folder
 * @param {AbortSignal} stop
 */
export async function makeMysqlTree(folder, stop) {
  const root = join(folder, 'root');
  const scratch = join(folder, 'scratch');
  mkdirSync(root);
  mkdirSync(scratch);
  // Root's apt fetches as a user without rights, who must be able to go through.
  chmodSync(folder, 0o755);
  await unpackPackage(PACKAGE, root, scratch, stop);
  rmSync(scratch, { recursive: true });
  writeFileSync(join(folder, 'mysqld'), launcher(findLoader(root)), { mode: 0o755 });
}

/**
 * The server is started by the loader that it came with, and so with the libraries that it came with: this machine's C
 * library may be older. That does what `chroot` would, but needs neither root nor mounts, and paths mean the same.
 */
function launcher(loader) {
  return `#!/bin/sh
root=$(dirname -- "$(readlink -f -- "$0")")/root
libraries="$root/${dirname(loader)}"
exec "$libraries/${basename(loader)}" --library-path "$libraries" "$root/usr/sbin/mysqld" "$@"
`;
}

/** Lies among the libraries of this machine's architecture: usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 */
function findLoader(root) {
  const folders = readdirSync(join(root, 'usr/lib'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of folders) {
    const loader = readdirSync(join(root, 'usr/lib', name)).find((file) => /^ld-linux.*\.so\.\d$/.test(file));
    if (loader !== undefined) return join('usr/lib', name, loader);
  }
  throw new Failure(`${PACKAGE} came without a C library for this machine.`);
}
