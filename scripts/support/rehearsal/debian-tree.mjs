import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../project.mjs';
import { mustSucceed } from '../command.mjs';
import { Failure } from '../failure.mjs';
import { inTurn } from '../lock.mjs';
import { findArchives, findKeyring } from '../debian.mjs';
import { say, step } from '../steps.mjs';
import { makeWhole } from '../whole-folder.mjs';
import { requireTool } from '../ensure-tool.mjs';

/** @throws {Failure} for any other user */
export function expectRoot() {
  if (process.getuid?.() !== 0)
    throw new Failure('Only root can make a Debian tree and run programs in it. Run this as root.');
}

/**
 * A minimal Debian: the packages that every installation has, and apt. It is made once and kept, as
 * a source of copies.
 *
 * @param {string} release "bookworm"
 * @param {AbortSignal} stop
 * @returns {Promise<string>} its folder
 * @throws {Failure} if it cannot be made
 */
export async function ensureDebian(release, stop) {
  const folder = join(cacheFolder(), `debian-${release}`);
  mkdirSync(cacheFolder(), { recursive: true });
  await inTurn(
    `${folder}.lock`,
    async () => {
      if (existsSync(folder)) return say(`Debian ${release} is the one in ${folder} (remove it to get a newer one)`);
      await requireTool('debootstrap', 'debootstrap', stop);
      await step(`Making a minimal Debian ${release} in ${folder}`, () =>
        makeWhole(folder, (draft) => bootstrap(release, draft, stop)),
      );
    },
    stop,
  );
  return folder;
}

/** @param {string} release @param {string} tree @param {AbortSignal} stop */
async function bootstrap(release, tree, stop) {
  // It becomes the root folder, which every user must be able to enter.
  chmodSync(tree, 0o755);
  const archives = await findArchives(stop);
  const main = archives.find(({ addition }) => addition === '');
  if (main === undefined) throw new Failure("None of the sources in this machine's apt configuration is Debian's.");
  const keyring = findKeyring();
  const trust = keyring === undefined ? [] : [`--keyring=${keyring}`];
  const args = ['--variant=minbase', ...trust, release, tree, main.uri];
  // debootstrap mounts /proc. In a namespace of its own nothing stays mounted, however it ends.
  await mustSucceed('debootstrap', 'unshare', ['--mount', 'debootstrap', ...args], { stop });

  const sources = archives.map(({ uri, addition }) => `deb ${uri} ${release}${addition} main\n`);
  writeFileSync(join(tree, 'etc/apt/sources.list'), [...new Set(sources)].join(''));
  // The proxy, and the other settings that apt needs to reach its sources.
  writeFileSync(
    join(tree, 'etc/apt/apt.conf.d/90machine'),
    await mustSucceed('apt-config', 'apt-config', ['dump', 'Acquire'], { stop }),
  );
  // A newly installed machine has no lists: they must be fetched before the first package is
  // installed.
  for (const leftovers of ['var/lib/apt/lists', 'var/cache/apt/archives', 'var/log/bootstrap.log'])
    rmSync(join(tree, leftovers), { recursive: true, force: true });
}

/**
 * @param {string} to a folder that exists
 * @param {string} from what is copied: the content of this folder
 * @param {AbortSignal} stop
 */
export async function copyInto(to, from, stop) {
  await mustSucceed('cp', 'cp', ['-a', '--reflink=auto', `${from}/.`, to], { stop });
}
