import { readFileSync } from 'node:fs';
import { Failure } from '../failure.mjs';

/** @typedef {{ status: number, message: string, data?: object }} Answer */

/**
 * Reads the commands of the README, as written there.
 *
 * @param {string} file
 * @returns {{ start: string, test: string, tryIt: string, answer: Answer, production: string[] }}
 * `answer`: the output of `tryIt` that it shows; `production`: one command each, the last of which
 * serves
 */
export function readCommands(file) {
  const readme = readFileSync(file, 'utf8');
  const [start, test] = blocks(readme, 'Two commands', 'sh');
  const [tryIt] = blocks(readme, 'Try it', 'sh');
  const [answer] = blocks(readme, 'Try it', 'json');
  const production = blocks(readme, 'For operators', 'sh').find((text) => text.startsWith('npm ci\n'));
  if (!start || !test || !tryIt || !answer || !production)
    throw new Failure(`${file} no longer has the commands to rehearse.`);
  return { start, test, tryIt, answer: JSON.parse(answer), production: production.split('\n') };
}

/** @param {string} readme @param {string} heading @param {string} language */
function blocks(readme, heading, language) {
  const section = readme.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) =>
    text.trim(),
  );
}
