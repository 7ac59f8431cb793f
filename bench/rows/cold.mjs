import { Failure } from '../../scripts/support/failure.mjs';
import { load } from '../load/wrk.mjs';
import { interleave, row } from '../support/statistics.mjs';

/** Each key for the first time. */
export async function measureCold({ servers, secrets, settings, stop }) {
  const { rounds, seconds, few, coldKeys, peerKeys } = settings;
  const ask = (server, file, keys) => async (round) => {
    const count = Math.floor((keys - few) / rounds);
    const measured = await load(server, seconds, { file, skip: few + round * count, count }, stop);
    if (measured.requests > count)
      throw new Failure(`${count} keys were not enough for a cold round of ${measured.requests} requests.`);
    return measured;
  };
  const measured = await interleave(rounds, {
    ours: ask(servers.product, secrets.ours, coldKeys),
    peer: ask(servers.peer, secrets.peer, peerKeys),
  });
  const said = {
    what: 'cold: each key for the first time, requests/s',
    against: "better-auth's API-key plugin",
    mustReach: 3,
  };
  return { measured, rows: [row(said, measured.ours, measured.peer)] };
}
