import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture, mustSucceed } from '../command.mjs';
import { Failure } from '../failure.mjs';

const BRANCH = 'unstable';

/** What a source of Debian itself may be called, beside the name of this machine's release. */
const BRANCHES = ['oldstable', 'stable', 'testing', BRANCH, 'sid'];

/** Debian's own keys, by the names that releases have given the file. */
const KEYRINGS = ['debian-archive-keyring.pgp', 'debian-archive-keyring.gpg'].map((name) =>
  join('/usr/share/keyrings', name),
);

/** @returns {boolean} whether this is a Debian-like system */
export function canUnpack() {
  return ['/usr/bin/apt-get', '/usr/bin/dpkg-deb'].every((path) => existsSync(path));
}

/**
 * Unpacks a package of Debian's unstable branch, and all that it depends on, into a folder. apt does it, with the
 * machine's mirror, proxy and keys, but with lists of its own, and as if nothing were installed. Signatures are
 * checked as ever; root is not needed.
 *
 * @param {string} name
 * @param {string} into
 * @param {string} scratch an empty folder
 * @param {AbortSignal} stop
 * @throws {Failure} with what apt says
 */
export async function unpackPackage(name, into, scratch, stop) {
  const settings = prepare(scratch);
  await readLists(await findMirrors(stop), scratch, settings, stop);
  const install = ['install', '--yes', '--download-only', '--no-install-recommends', name];
  await mustSucceed(`apt-get install ${name}`, 'apt-get', [...settings, ...install], { stop });
  const archives = join(scratch, 'archives');
  for (const file of readdirSync(archives).filter((entry) => entry.endsWith('.deb')))
    await mustSucceed(`Unpacking ${file}`, 'dpkg-deb', ['--extract', join(archives, file), into], { stop });
}

/** @returns {string[]} the arguments that make apt work in the folder */
function prepare(scratch) {
  for (const name of ['lists/partial', 'archives/partial']) mkdirSync(join(scratch, name), { recursive: true });
  writeFileSync(join(scratch, 'status'), '');
  const file = join(scratch, 'apt.conf');
  writeFileSync(
    file,
    `// What the machine does after an update of its own lists is none of ours.
#clear APT::Update;
#clear DPkg;
APT::Default-Release "";
Acquire::Languages "none";
Dir::Etc::sourcelist "${scratch}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "${scratch}";
Dir::State::lists "${scratch}/lists";
Dir::State::status "${scratch}/status";
Dir::Cache "${scratch}";
Dir::Cache::archives "${scratch}/archives";
`,
  );
  return ['-q', '-c', file];
}

/** The repositories that this machine has Debian from. apt reads its configuration itself, in all its forms. */
async function findMirrors(stop) {
  const uris = await mustSucceed('apt-get update', 'apt-get', ['update', '--print-uris'], { stop });
  const release = /^VERSION_CODENAME=(.+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  const found = [...uris.matchAll(/^'(.+)\/dists\/([^/]+)\/main\/binary-/gm)];
  const mirrors = found.filter(([, , branch]) => branch === release || BRANCHES.includes(branch)).map(([, uri]) => uri);
  if (mirrors.length > 0) return new Set(mirrors);
  throw new Failure("None of the sources in this machine's apt configuration is Debian's main archive.");
}

async function readLists(mirrors, scratch, settings, stop) {
  const keyring = KEYRINGS.find((path) => existsSync(path));
  const trust = keyring === undefined ? '' : `[signed-by=${keyring}] `;
  let said = '';
  for (const mirror of mirrors) {
    writeFileSync(join(scratch, 'sources.list'), `deb ${trust}${mirror} ${BRANCH} main\n`);
    const { code, output } = await capture('apt-get', [...settings, 'update', '--error-on=any'], { stop });
    if (code === 0) return;
    said += output;
  }
  throw new Failure(
    `${said.trimEnd()}\n\nThe list of Debian's ${BRANCH} branch could not be had; what apt printed is above. ` +
      `If a public key is missing, this machine's package debian-archive-keyring is too old.`,
  );
}
