import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../scripts/support/failure.mjs';

/** The major versions of Node that the product supports. Each row is measured on each of them. */
const MAJORS = [20, 24];

/**
 * A version of Node under test. All measured servers of one column run on it.
 *
 * @typedef {{ major: number, path: string, version: string }} Runtime
 */

/**
 * @param {string | undefined} list `20` or `20,24`, as `--node` gives it
 * @returns {number[]} the majors of the list; all without one
 */
export function majorsIn(list) {
  if (list === undefined) return MAJORS;
  const majors = list.split(',').map(Number);
  const unknown = majors.find((major) => !MAJORS.includes(major));
  if (unknown !== undefined) throw new Failure(`--node=${list} must name one or more of ${MAJORS.join(', ')}.`);
  return majors;
}

/**
 * The binary of a major version: a package of the benchmark, so that its exact version is in the
 * lock file and does not depend on the machine.
 *
 * @returns {Runtime}
 */
export function runtimeOf(major) {
  const name = `node-${major}-${process.platform}-${process.arch}`;
  const path = join(import.meta.dirname, '../node_modules', name, 'bin/node');
  if (!existsSync(path)) throw new Failure(`There is no package ${name}: the benchmark runs on Linux, x64 or arm64.`);
  return { major, path, version: execFileSync(path, ['--version'], { encoding: 'utf8' }).trim().slice(1) };
}
