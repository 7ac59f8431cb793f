/* `npm run smoke:compose`: creates, lists and verifies keys, after `docker compose up --wait`. */
import { mustSucceed } from './support/command.mjs';
import { smokeTest } from './support/rehearsal/smoke.mjs';
import { runScript } from './support/script.mjs';
import { step } from './support/steps.mjs';

await runScript(async (stop) => {
  const exec = (/** @type {string[]} */ command) =>
    mustSucceed(command.slice(0, 3).join(' '), 'docker', ['compose', 'exec', '-T', 'latchkey', ...command], { stop });
  const origin = `http://127.0.0.1:${process.env.PORT || '3000'}`;
  await step('Creating, listing and verifying keys', () => smokeTest(exec, origin));
  return 0;
});
