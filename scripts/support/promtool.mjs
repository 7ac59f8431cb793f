import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.mjs';
import { mustSucceed } from './command.mjs';
import { canInstallPackages } from './debian-package.mjs';
import { inTurn } from './lock.mjs';
import { say, step } from './steps.mjs';
import { makeWhole } from './whole-folder.mjs';

/** Where systems have it. */
const PATHS = ['/usr/bin/promtool', '/usr/local/bin/promtool', '/opt/homebrew/bin/promtool'];

/**
 * Sees to it that the tests can ask Prometheus' own tool what it thinks of our metrics and alerts, as far as we may: one that is
 * here, else Debian's.
 *
 * @param {AbortSignal} stop
 * @returns {Promise<Record<string, string>>} what the tests must be told; without promtool they are skipped, in CI they fail
 */
export async function ensurePromtool(stop) {
  if (process.env.PROMTOOL_PATH) return {};
  const folder = join(cacheFolder(), 'promtool');
  const paths = [...PATHS, join(folder, 'promtool')];
  if (!paths.some((path) => existsSync(path)) && canInstallPackages()) {
    mkdirSync(cacheFolder(), { recursive: true });
    await inTurn(`${folder}.lock`, () => ensureUnpacked(folder, stop), stop);
  }
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) return { PROMTOOL_PATH: found };
  say(
    'No promtool is here: the tests of metrics and alerts by it are skipped. Install Prometheus, or name it: PROMTOOL_PATH=/path/to/promtool',
  );
  return {};
}

/** Another process may have done it while this one waited. */
async function ensureUnpacked(folder, stop) {
  if (existsSync(folder)) return;
  await step(`No promtool is here. Unpacking it into ${folder}`, () =>
    makeWhole(folder, (draft) => unpackProgram(draft, stop)),
  );
}

/** Debian has it in the package of the server, which would start at once if it were installed. We want but the program. */
async function unpackProgram(into, stop) {
  const scratch = mkdtempSync(join(tmpdir(), 'latchkey-promtool-'));
  const run = (command, ...args) => mustSucceed(`${command} ${args[0]}`, command, args, { stop, cwd: scratch });
  try {
    await mustSucceed('apt-get update', 'apt-get', ['-q', 'update'], { stop, shielded: true });
    await run('apt-get', 'download', '-q', 'prometheus');
    const [archive] = readdirSync(scratch);
    await run('dpkg-deb', '--extract', archive, 'tree');
    await run('cp', 'tree/usr/bin/promtool', join(into, 'promtool'));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
