import { setTimeout as sleep } from 'node:timers/promises';
import { load } from '../load/wrk.mjs';

const COUNTERS = ['Com_select', 'Com_insert', 'Com_update'];
const REQUESTS = 10_000;
/** The meter's flush of what came before. */
const SETTLE_MS = 1_200;

/**
 * What the database server itself counts around 10,000 warm requests and more, and while nothing
 * happens: what remains is the poll and the meter's flush.
 */
export async function countStatements({ servers, databases, secrets, settings, stop }) {
  const ask = () => load(servers.product, 1, { file: secrets.ours, count: settings.few }, stop);
  await sleep(SETTLE_MS);
  let requests = 0;
  const busy = await difference(databases.ours.connection, async () => {
    while (requests < REQUESTS) requests += (await ask()).requests;
  });
  await sleep(SETTLE_MS);
  const idle = await difference(databases.ours.connection, () => sleep(settings.idleSeconds * 1_000));
  return { requests, busy, idle };
}

async function difference(connection, work) {
  const [begun, before] = [performance.now(), await read(connection)];
  await work();
  const after = await read(connection);
  const seconds = (performance.now() - begun) / 1_000;
  return { seconds, counters: COUNTERS.map((name) => after[name] - before[name]) };
}

async function read(connection) {
  const [rows] = await connection.query('SHOW GLOBAL STATUS WHERE Variable_name IN (?)', [COUNTERS]);
  return Object.fromEntries(rows.map(({ Variable_name: name, Value: value }) => [name, Number(value)]));
}
