import { load } from '../load/wrk.mjs';
import { interleave, row } from '../support/statistics.mjs';

const BATCH = 100;

/**
 * The endpoints for services, warm: against a bare `node:http` server, a peer, and a batch against
 * single requests.
 */
export async function measureInternal({ servers: { product, bareHttp, peer }, secrets, settings, stop }) {
  const { rounds, seconds, internalKeys: count } = settings;
  const ask = (server, shape) => () => load(server, seconds, { file: secrets.ours, count, shape }, stop);
  const candidates = {
    verify: ask(product, 'verify'),
    bareVerify: ask(bareHttp, 'verify'),
    forwardAuth: ask(product, 'forward-auth'),
    bareForwardAuth: ask(bareHttp, 'forward-auth'),
    batch: ask(product, 'batch'),
    peer: () => load(peer, seconds, { file: secrets.peer, count: settings.few }, stop),
  };
  // Each key is verified once before anything is measured. Not in batches: so many cold keys at
  // once would be refused.
  for (let skip = 0; skip < count;)
    skip += (await load(product, 1, { file: secrets.ours, skip, count: count - skip, shape: 'verify' }, stop)).requests;
  for (const warmUp of Object.values(candidates)) await warmUp();
  const measured = await interleave(rounds, candidates);
  const batched = measured.batch.map(({ perSecond, perCpuSecond }) => ({
    perSecond: perSecond * BATCH,
    perCpuSecond: perCpuSecond * BATCH,
  }));
  const bare = 'bare `node:http` that reads and answers the same bytes';
  const better = "better-auth's API-key plugin, in Express";
  const verify = { what: 'warm `POST /verify`, requests/s' };
  const forwardAuth = { what: 'warm `GET /forward-auth`, requests/s' };
  return {
    measured,
    rows: [
      row({ ...verify, against: bare, mustReach: 0.6 }, measured.verify, measured.bareVerify),
      row({ ...verify, against: better, mustReach: { 20: 25, 24: 20 } }, measured.verify, measured.peer),
      row({ ...forwardAuth, against: bare, mustReach: 0.6 }, measured.forwardAuth, measured.bareForwardAuth),
      row({ ...forwardAuth, against: better, mustReach: { 20: 25, 24: 20 } }, measured.forwardAuth, measured.peer),
      row(
        {
          what: `warm \`POST /verify/batch\` of ${BATCH}, verifications/s`,
          against: 'single `POST /verify`',
          mustReach: 5,
        },
        batched,
        measured.verify,
      ),
    ],
  };
}
