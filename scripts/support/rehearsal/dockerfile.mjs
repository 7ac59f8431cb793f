import { Failure } from '../failure.mjs';

/**
 * One instruction.
 * @typedef {{ name: string, flags: Record<string, string>, text: string }} Instruction `text`: what follows the flags
 */

/**
 * A stage: everything from one FROM to the next.
 * @typedef {{ base: string, name: string, instructions: Instruction[] }} Stage
 */

/**
 * As much of the Dockerfile's language as ours uses.
 *
 * @param {string} source
 * @returns {Stage[]}
 * @throws {Failure} for what this does not know, rather than rehearse another file than Docker builds
 */
export function parseDockerfile(source) {
  const stages = [];
  for (const line of logicalLines(source)) {
    const { name, flags, text } = parseLine(line);
    if (name === 'FROM') {
      const [, base, stageName] = /^(\S+)(?: AS (\S+))?$/i.exec(text) ?? fail(line);
      stages.push({ base, name: stageName ?? String(stages.length), instructions: [] });
    } else (stages.at(-1) ?? fail(line)).instructions.push({ name, flags, text });
  }
  return stages;
}

/** Comments are whole lines; a backslash at the end goes on in the next. */
function logicalLines(source) {
  return source
    .replace(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function parseLine(line) {
  const [, name, rest] = /^([A-Z]+)\s+(.+)$/.exec(line) ?? fail(line);
  const flags = /^(?:--[\w-]+=\S+\s+)*/.exec(rest)[0];
  const pairs = [...flags.matchAll(/--([\w-]+)=(\S+)/g)].map(([, key, value]) => [key, value]);
  return { name, flags: Object.fromEntries(pairs), text: rest.slice(flags.length) };
}

/** @returns {string[]} a command in the form that needs no shell, the only one that ours has beside RUN */
export function execForm(text) {
  return text.startsWith('[') ? JSON.parse(text) : fail(text);
}

function fail(text) {
  throw new Failure(`The rehearsal does not know this in the Dockerfile: ${text}`);
}
