import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustSucceed } from '../../scripts/support/command.mjs';
import { BCRYPT_COST, CREATES_AT_ONCE, LOAD_CORE, SERVER_CORE } from '../support/settings.mjs';
import { interleave, row } from '../support/statistics.mjs';

const here = (path) => join(import.meta.dirname, '..', path);

/** Creating keys, a few at a time, against the hashing that it cannot do without. */
export async function measureCreate({ servers, runtime, secrets, settings, stop }) {
  const seconds = settings.createSeconds;
  const [secret] = readFileSync(secrets.ours, 'utf8').split('\n', 1);
  const run = async (core, node, args) => ({
    perSecond: Number(await mustSucceed(args[0], 'taskset', ['-c', core, node, ...args.map(String)], { stop })),
  });
  const { ours, bcrypt } = await interleave(settings.rounds, {
    ours: () =>
      run(LOAD_CORE, process.execPath, [
        here('load/at-once.mjs'),
        servers.product.url,
        secret,
        seconds,
        CREATES_AT_ONCE,
      ]),
    bcrypt: () =>
      run(SERVER_CORE, runtime.path, [here('candidates/bcrypt-alone.mjs'), seconds, CREATES_AT_ONCE, BCRYPT_COST]),
  });
  const said = {
    what: `create, ${CREATES_AT_ONCE} at a time, keys/s`,
    against: `\`bcrypt.hash\` alone, cost ${BCRYPT_COST}, ${CREATES_AT_ONCE} at a time`,
    mustReach: 0.85,
  };
  return { measured: { ours, bcrypt }, rows: [row(said, ours, bcrypt)] };
}
