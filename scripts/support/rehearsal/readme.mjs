import { readFileSync } from 'node:fs';
import { Failure } from '../failure.mjs';

/**
 * The commands that the README gives, as written there.
 *
 * @param {string} file
 * @returns {{ start: string, test: string, tryIt: string, answer: unknown, production: string[] }}
 * `answer`: what it shows that `tryIt` prints; `production`: the commands one by one, the last of
 * which serves
 */
export function readCommands(file) {
  const readme = readFileSync(file, 'utf8');
  const [start, test] = blocks(readme, 'Two commands', 'sh');
  const [tryIt] = blocks(readme, 'Try it', 'sh');
  const [answer] = blocks(readme, 'Try it', 'json');
  const production = blocks(readme, 'For operators', 'sh').find((text) => text.startsWith('npm ci\n'));
  if ([start, test, tryIt, answer, production].includes(undefined))
    throw new Failure(`${file} has no longer the commands to rehearse.`);
  return { start, test, tryIt, answer: JSON.parse(answer), production: production.split('\n') };
}

function blocks(readme, heading, language) {
  const section = readme.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, text]) => text.trim());
}
