import { load } from '../load/wrk.mjs';
import { interleave, row } from '../support/statistics.mjs';

const WHAT = 'warm `GET /developers/api_keys/current`, requests/s';

/**
 * The other candidates, and the ratio to them that Latchkey must reach.
 * @type {Record<string, [against: string, mustReach:
 * import('../support/statistics.mjs').MustReach]>}
 */
const AGAINST = {
  bare: ['bare Nest + Express route: same envelope, same log line by the same logger', { 20: 3, 24: 1.7 }],
  tuned: ["the same, its Express tuned like our listener's (no ETag, no body parser)", null],
  peer: ["better-auth's API-key plugin, in Express, on the same MariaDB", 5],
  peerUnsafe: ['the same, on a database that does not wait for the disk', null],
};

/** The same keys again and again, everything known. */
export async function measureWarm({ databases, servers, secrets, settings, stop }) {
  const { rounds, seconds, few: count, extras } = settings;
  const ask = (server, file) => () => load(server, seconds, { file, count }, stop);
  const askPeer = ask(servers.peer, secrets.peer);
  const candidates = {
    ours: ask(servers.product, secrets.ours),
    bare: ask(servers.bare, secrets.ours),
    ...(extras && { tuned: ask(servers.tuned, secrets.ours) }),
    peer: askPeer,
  };
  for (const warmUp of Object.values(candidates)) await warmUp();
  if (extras) candidates.peerUnsafe = () => databases.withoutFlushing(askPeer);
  const measured = await interleave(rounds, candidates);
  const rows = Object.entries(AGAINST)
    .filter(([name]) => name in measured)
    .map(([name, [against, mustReach]]) => row({ what: WHAT, against, mustReach }, measured.ours, measured[name]));
  return { measured, rows };
}
