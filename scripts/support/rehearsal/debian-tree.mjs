import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../project.mjs';
import { mustSucceed } from '../command.mjs';
import { installPackage } from '../debian.mjs';
import { Failure } from '../failure.mjs';
import { inTurn } from '../lock.mjs';
import { findArchives, findKeyring } from '../debian.mjs';
import { say, step } from '../steps.mjs';
import { makeWhole } from '../whole-folder.mjs';

const DEBOOTSTRAP = '/usr/sbin/debootstrap';

/**
 * A bare Debian: what every installation of it has, and apt. Made once and kept; it is for copying.
 *
 * @param {string} release "bookworm"
 * @param {AbortSignal} stop
 * @returns {Promise<string>} its folder
 * @throws {Failure} where it cannot be made
 */
export async function ensureDebian(release, stop) {
  if (process.getuid?.() !== 0)
    throw new Failure('Only root can make a tree of Debian and enter it. Run this as root.');
  const folder = join(cacheFolder(), `debian-${release}`);
  mkdirSync(cacheFolder(), { recursive: true });
  await inTurn(
    `${folder}.lock`,
    async () => {
      if (existsSync(folder)) return say(`Debian ${release} is the one in ${folder} (remove it to get a newer one)`);
      if (!existsSync(DEBOOTSTRAP)) await installPackage('debootstrap', 'No debootstrap is here', stop);
      await step(`Making a bare Debian ${release} in ${folder}`, () =>
        makeWhole(folder, (draft) => bootstrap(release, draft, stop)),
      );
    },
    stop,
  );
  return folder;
}

async function bootstrap(release, tree, stop) {
  // It becomes the root folder, which users without rights go through.
  chmodSync(tree, 0o755);
  const archives = await findArchives(stop);
  const main = archives.find(({ addition }) => addition === '');
  if (main === undefined) throw new Failure("None of the sources in this machine's apt configuration is Debian's.");
  const keyring = findKeyring();
  const trust = keyring === undefined ? [] : [`--keyring=${keyring}`];
  const args = ['--variant=minbase', ...trust, release, tree, main.uri];
  // It mounts /proc while it works. In a namespace of its own nothing stays mounted, however it ends.
  await mustSucceed('debootstrap', 'unshare', ['--mount', DEBOOTSTRAP, ...args], { stop });

  const sources = archives.map(({ uri, addition }) => `deb ${uri} ${release}${addition} main\n`);
  writeFileSync(join(tree, 'etc/apt/sources.list'), [...new Set(sources)].join(''));
  // The proxy, and whatever else apt must know here to get at its sources.
  writeFileSync(
    join(tree, 'etc/apt/apt.conf.d/90machine'),
    await mustSucceed('apt-config', 'apt-config', ['dump', 'Acquire'], { stop }),
  );
  // A machine that was just set up has no lists: whoever installs a package has to fetch them first.
  for (const leftovers of ['var/lib/apt/lists', 'var/cache/apt/archives', 'var/log/bootstrap.log'])
    rmSync(join(tree, leftovers), { recursive: true, force: true });
}

/**
 * @param {string} from
 * @param {string} to which does not exist yet, or is thrown away
 * @param {AbortSignal} stop
 */
export async function copyTree(from, to, stop) {
  rmSync(to, { recursive: true, force: true });
  await mustSucceed('cp', 'cp', ['-a', '--reflink=auto', from, to], { stop });
}
