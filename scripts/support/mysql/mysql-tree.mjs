import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../failure.mjs';
import { unpackPackage } from './debian-packages.mjs';

/** The server and nothing else. Only Debian's unstable branch has MySQL; it has the newest. */
export const MYSQL = { name: 'mysql-server-core', program: 'usr/sbin/mysqld' };

/**
 * Fills a folder with a program that runs where it lies, as any user: the packages in `root`, and a launcher with the
 * program's name, which runs it. Nothing is installed on this machine, and no script of a package is run.
 *
 * @param {{ name: string, program: string }} wanted a package of Debian's unstable branch, and where its program lies
 * @param {string} folder
 * @param {AbortSignal} stop
 */
export async function makeProgramTree({ name, program }, folder, stop) {
  const root = join(folder, 'root');
  const scratch = join(folder, 'scratch');
  mkdirSync(root);
  mkdirSync(scratch);
  // Root's apt fetches as a user without rights, who must be able to go through.
  chmodSync(folder, 0o755);
  await unpackPackage(name, root, scratch, stop);
  rmSync(scratch, { recursive: true });
  writeFileSync(join(folder, basename(program)), launcher(findLoader(root), program), { mode: 0o755 });
}

/**
 * The program is started by the loader that it came with, and so with the libraries that it came with: this machine's C
 * library may be older. That does what `chroot` would, but needs neither root nor mounts, and paths mean the same.
 */
function launcher(loader, program) {
  return `#!/bin/sh
root=$(dirname -- "$(readlink -f -- "$0")")/root
libraries="$root/${dirname(loader)}"
exec "$libraries/${basename(loader)}" --library-path "$libraries" "$root/${program}" "$@"
`;
}

/** Lies among the libraries of this machine's architecture: usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 */
function findLoader(root) {
  const folders = readdirSync(join(root, 'usr/lib'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of folders) {
    const loader = readdirSync(join(root, 'usr/lib', name)).find((file) => /^ld-linux.*\.so\.\d$/.test(file));
    if (loader !== undefined) return join('usr/lib', name, loader);
  }
  throw new Failure(`The packages in ${root} came without a C library for this machine.`);
}
