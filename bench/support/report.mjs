import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { inProject } from '../../scripts/support/project.mjs';
import { say } from '../../scripts/support/steps.mjs';
import { chart } from './chart.mjs';
import { count, megabytes, percent } from './format.mjs';
import { median } from './statistics.mjs';

const RESULTS = inProject('bench/RESULTS.md');
const CHART = inProject('docs/images/bench.svg');

/** Prints what was measured; a whole run also writes it down. */
export function report(results, { quick }) {
  const text = describe(results, quick);
  say(`\n${text}`);
  if (quick) return;
  writeFileSync(RESULTS, text);
  mkdirSync(dirname(CHART), { recursive: true });
  writeFileSync(CHART, chart(bars(results)));
}

function describe(
  { machine, settings, warm, profile, statements, latency, endpoints, doorLatency, cold, create, verify, manyKeys },
  quick,
) {
  const rows = [...warm.rows, ...cold.rows, ...manyKeys.rows, ...create.rows, ...endpoints.rows];
  return `# Benchmark

\`npm run bench${quick ? ' -- --quick' : ''}\`, ${new Date().toISOString().slice(0, 10)}. ${machine.machine}.
${machine.versions}.

Each server runs alone on one core, the load generator (wrk, 32 connections) and the database on the other. Candidates
take turns, ${settings.rounds} rounds of ${settings.seconds} s in one run; a ratio is taken within each round, so that what else the machine does falls on
both. "By CPU time" is the same ratio for each second of processor time that the servers used, which a busy machine hardly
changes. The log is on for Latchkey (info, JSON) and the bare route, off for better-auth. The database is set as MariaDB comes;
better-auth writes at each verification, so it is also shown on one that does not wait for the disk.

| what | against | must reach | median ratio (min–max) | by CPU time | Latchkey | the other |
| --- | --- | --- | --- | --- | --- | --- |
${rows.map(rowOf).join('\n')}

## Latency at a fixed rate

At half of Latchkey's greatest rate above, from an open-loop generator of our own in Node (\`bench/load/fixed-rate.mjs\`): counted from when
each request was due, so that a stall counts for all that it delays. The generator shares its core with the database. Milliseconds.

| | requests/s | p50 | p99 | p999 | not answered with 200, in a round |
| --- | --- | --- | --- | --- | --- |
${percentilesOf('`GET /developers/api_keys/current`', latency.rate, latency.ours)}
${percentilesOf('bare Nest + Express', latency.rate, latency.bare)}
${percentilesOf('`POST /verify`', doorLatency.rate, doorLatency.ours)}
${percentilesOf('bare `node:http`', doorLatency.rate, doorLatency.bare)}

## Statements of warm requests

By the database server's own counters. What there is comes from the poll of the change feed (four SELECTs a second) and from
the meter's flush (two INSERTs for every 250 keys that were used).

| | seconds | Com_select | Com_insert | Com_update |
| --- | --- | --- | --- | --- |
${countersOf(`${count(statements.requests)} warm requests`, statements.busy)}
${countersOf('idle', statements.idle)}

## Memory

With ${count(settings.few)} keys in the cache: heap ${megabytes(manyKeys.memory.few.heapUsed)}, RSS ${megabytes(manyKeys.memory.few.rss)}.
With ${count(settings.cached)}: heap ${megabytes(manyKeys.memory.many.heapUsed)}, RSS ${megabytes(manyKeys.memory.many.rss)}; ${count(manyKeys.bytesPerEntry)} bytes for each key.

## In process

\`Verifier.verify\`, warm: ${count(verify.perSecond)} calls/s. Where the time goes (CPU profile, own time):

${list(verify.profile.functions, 12)}

## Where the time of a warm request goes

By owner (what Node does inside counts for who called it), then by function.

${list(profile.owners, 14)}

${list(profile.functions, 16)}
`;
}

function rowOf({ what, against, mustReach, ratio, cpuRatio, ours, theirs }) {
  const goal = mustReach === null ? 'reported' : `≥ ${mustReach}`;
  const range = `**${ratio.median.toFixed(2)}** (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`;
  const byCpu = cpuRatio === null ? '' : cpuRatio.toFixed(2);
  return `| ${what} | ${against} | ${goal} | ${range} | ${byCpu} | ${count(ours)} | ${count(theirs)} |`;
}

const percentilesOf = (name, rate, { p50, p99, p999, failed }) =>
  `| ${name} | ${count(rate)} | ${[p50, p99, p999].map((ms) => ms.toFixed(2)).join(' | ')} | ${failed} |`;

const countersOf = (name, { seconds, counters }) => `| ${name} | ${seconds.toFixed(1)} | ${counters.join(' | ')} |`;

const list = (shares, most) =>
  shares
    .slice(0, most)
    .map(([name, share]) => `- ${percent(share)} \`${name}\``)
    .join('\n');

function bars({ warm: { measured: warm }, cold: { measured: cold }, endpoints: { measured: endpoints } }) {
  const speed = (rounds) => median(rounds.map(({ perSecond }) => perSecond));
  return [
    { name: 'Latchkey, /verify in batches of 100', value: 100 * speed(endpoints.batch), ours: true },
    { name: 'Latchkey, /forward-auth', value: speed(endpoints.forwardAuth), ours: true },
    { name: 'Latchkey, /verify', value: speed(endpoints.verify), ours: true },
    { name: 'bare Nest + Express, no keys at all', value: speed(warm.bare) },
    { name: 'Latchkey, public API', value: speed(warm.ours), ours: true },
    { name: 'Latchkey, public API, cold', value: speed(cold.ours), ours: true },
    { name: "better-auth's API-key plugin", value: speed(warm.peer) },
  ];
}
