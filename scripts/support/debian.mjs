/* Packages of Debian: installed on this machine, or unpacked into a folder. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capture, mustSucceed } from './command.mjs';
import { Failure } from './failure.mjs';
import { step } from './steps.mjs';

const UNSTABLE = 'unstable';

/** The suites of Debian's archive, beside the name of this machine's release. */
const SUITES = ['oldstable', 'stable', 'testing', UNSTABLE, 'sid'];

/** Debian's own keys. The extension differs between releases. */
const KEYRINGS = ['pgp', 'gpg'].map((extension) => `/usr/share/keyrings/debian-archive-keyring.${extension}`);

/** Whether this is a Debian-like system on which this user may install packages. */
export function canInstallPackages() {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

/** Whether this is a Debian-like system. */
export function canUnpackPackages() {
  return ['/usr/bin/apt-get', '/usr/bin/dpkg-deb'].every((path) => existsSync(path));
}

/** @returns {string | undefined} the file of Debian's own keys */
export function findKeyring() {
  return KEYRINGS.find((path) => existsSync(path));
}

/**
 * Installs a package on this machine, as root.
 *
 * @param {string} name
 * @param {string} reason begins the progress line: "No Chromium is here"
 * @param {AbortSignal} stop waits for the end of the installation, which must not stay incomplete
 */
export async function installPackage(name, reason, stop) {
  await step(`${reason}. Installing the package ${name}`, async () => {
    await changeSystem(['update'], stop);
    await changeSystem(['install', '-y', '--no-install-recommends', name], stop);
  });
}

/**
 * Copies one file of a package, which is downloaded and not installed, as root.
 *
 * @param {string} name the package of this machine's release
 * @param {string} file its path in the package
 * @param {string} target
 * @param {AbortSignal} stop
 */
export async function extractFile(name, file, target, stop) {
  const scratch = mkdtempSync(join(tmpdir(), 'latchkey-package-'));
  const options = { stop, cwd: scratch };
  try {
    await changeSystem(['update'], stop);
    await mustSucceed('apt-get download', 'apt-get', ['download', '-q', name], options);
    await extractArchives(scratch, join(scratch, 'tree'), stop);
    await mustSucceed('cp', 'cp', [join('tree', file), target], options);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * Unpacks a package of Debian's unstable suite, and everything that it depends on, into a folder.
 * apt uses the mirror, the proxy and the keys of this machine, but its own lists, and works as if
 * nothing were installed. It checks signatures as always. Root is not needed.
 *
 * @param {string} name
 * @param {string} into
 * @param {string} scratch an empty folder
 * @param {AbortSignal} stop
 * @throws {Failure} with apt's output
 */
export async function unpackPackage(name, into, scratch, stop) {
  const settings = configureApt(scratch);
  await readLists(await findMirrors(stop), scratch, settings, stop);
  const install = ['install', '--yes', '--download-only', '--no-install-recommends', name];
  await mustSucceed(`apt-get install ${name}`, 'apt-get', [...settings, ...install], { stop });
  await extractArchives(join(scratch, 'archives'), into, stop);
}

/**
 * The repositories of Debian that this machine uses, read by apt from its configuration.
 *
 * @param {AbortSignal} stop
 * @returns {Promise<{ uri: string, addition: string }[]>} `addition` follows the name of the suite:
 *   "" for the main archive, "-security"
 */
export async function findArchives(stop) {
  const uris = await mustSucceed('apt-get update', 'apt-get', ['update', '--print-uris'], { stop });
  const release = /^VERSION_CODENAME=(.+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  const suite = new RegExp(`^'(.+)/dists/(?:${[release, ...SUITES].join('|')})(-[^/]+)?/main/binary-`, 'gm');
  return [...uris.matchAll(suite)].map(([, uri = '', addition = '']) => ({ uri, addition }));
}

/** @param {string[]} args @param {AbortSignal} stop */
function changeSystem([command = '', ...args], stop) {
  return mustSucceed(`apt-get ${command}`, 'apt-get', ['-q', command, ...args], {
    stop,
    shielded: true,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

/** @param {string} folder @param {string} into @param {AbortSignal} stop */
async function extractArchives(folder, into, stop) {
  for (const file of readdirSync(folder).filter((entry) => entry.endsWith('.deb')))
    await mustSucceed(`Unpacking ${file}`, 'dpkg-deb', ['--extract', join(folder, file), into], { stop });
}

/**
 * @param {string} scratch
 * @returns {string[]} the arguments that make apt work in the folder
 */
function configureApt(scratch) {
  for (const name of ['lists/partial', 'archives/partial']) mkdirSync(join(scratch, name), { recursive: true });
  writeFileSync(join(scratch, 'status'), '');
  const file = join(scratch, 'apt.conf');
  writeFileSync(
    file,
    `// The hooks that this machine runs after its own updates do not apply here.
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

/** @param {AbortSignal} stop */
async function findMirrors(stop) {
  const mirrors = (await findArchives(stop)).filter(({ addition }) => addition === '').map(({ uri }) => uri);
  if (mirrors.length > 0) return new Set(mirrors);
  throw new Failure("None of the sources in this machine's apt configuration is Debian's main archive.");
}

/**
 * @param {Set<string>} mirrors
 * @param {string} scratch
 * @param {string[]} settings
 * @param {AbortSignal} stop
 */
async function readLists(mirrors, scratch, settings, stop) {
  const keyring = findKeyring();
  const trust = keyring === undefined ? '' : `[signed-by=${keyring}] `;
  let printed = '';
  for (const mirror of mirrors) {
    writeFileSync(join(scratch, 'sources.list'), `deb ${trust}${mirror} ${UNSTABLE} main\n`);
    const { code, output } = await capture('apt-get', [...settings, 'update', '--error-on=any'], { stop });
    if (code === 0) return;
    printed += output;
  }
  throw new Failure(
    `${printed.trimEnd()}\n\nThe package list of Debian's ${UNSTABLE} suite could not be read. apt's output is above. ` +
      `If a public key is missing, update this machine's package debian-archive-keyring.`,
  );
}
