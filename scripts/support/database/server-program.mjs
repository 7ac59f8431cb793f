import { spawnSync } from 'node:child_process';
import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The product runs on MySQL; MariaDB is what Debian has. On Debian `mysqld` is a link to MariaDB's. */
const NAMES = ['mysqld', 'mariadbd'];

/** Servers often lie where only root's PATH leads. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec'];

/** The oldest that the product is tested with. */
const OLDEST = { MySQL: [8, 4], MariaDB: [10, 11] };

/**
 * A server that can be run here.
 * @typedef {{ path: string, kind: 'MySQL' | 'MariaDB', version: string, supported: boolean }} ServerProgram
 */

/** @returns {ServerProgram[]} in the order of preference */
export function findServerPrograms() {
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...MORE_FOLDERS];
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)).filter(isExecutable));
  const programs = [...new Set(paths.map((path) => realpathSync(path)))].map(identify);
  return programs.filter((program) => program !== null);
}

function identify(path) {
  const { status, stdout } = spawnSync(path, ['--no-defaults', '--version'], { encoding: 'utf8' });
  const version = /Ver (\d+)\.(\d+)[^ ]*/.exec(stdout ?? '');
  if (status !== 0 || version === null) return null;
  const kind = stdout.includes('MariaDB') ? 'MariaDB' : 'MySQL';
  const [major, minor] = [Number(version[1]), Number(version[2])];
  const [oldestMajor, oldestMinor] = OLDEST[kind];
  const supported = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
  return { path, kind, version: `${major}.${minor}`, supported };
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
