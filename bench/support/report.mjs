import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { inProject } from '../../scripts/support/project.mjs';
import { say } from '../../scripts/support/steps.mjs';
import { chart } from './chart.mjs';
import { count, megabytes, percent } from './format.mjs';
import { median } from './statistics.mjs';

const RESULTS = inProject('bench/RESULTS.md');
const CHART = inProject('docs/images/bench.svg');
/** Latency: our p99 as a multiple of the bare server's. */
const MAX_P99 = 2;
const MAX_BYTES_PER_KEY = 1_300;
const MISSED = ' **missed**';

/**
 * Prints what was measured. A complete run is also written to the repository.
 *
 * @param {{ machine: object, settings: object, columns: object[] }} results a column for each
 * version of Node
 * @param {{ command: string, isComplete: boolean }} run
 */
export function report(results, { command, isComplete }) {
  const text = describe(results, command);
  say(`\n${text}`);
  if (!isComplete) return;
  writeFileSync(RESULTS, text);
  mkdirSync(dirname(CHART), { recursive: true });
  writeFileSync(CHART, chart(nodesOf(results.columns), bars(results.columns)));
}

function describe({ machine, settings, columns }, command) {
  return `# Benchmark

\`${command}\`, ${new Date().toISOString().slice(0, 10)}. ${machine.machine}.
${machine.versions}.

All servers, ours and the others, run on the version of Node that heads the column, each alone on one core; the load
generator (wrk, 32 connections) and the database share the other core. The candidates of one version take turns,
${settings.rounds} rounds of ${settings.seconds} s in one run. A ratio is taken within each round, so that other load on the machine affects both sides.
"By CPU time" is the same ratio per second of processor time that the servers used, which other load hardly changes.
Latchkey and the bare route write their log (info, JSON), better-auth does not. The database has MariaDB's default
settings; better-auth writes at each verification, so it is also measured on one that does not wait for the disk.

${ratioTable(columns)}

## Latency at a fixed rate

From an open-loop generator in Node (\`bench/load/fixed-rate.mjs\`): each latency is counted from when its request was due,
so that a stall counts for every request that it delays. The generator shares its core with the database. The public
route and the bare route each run at half of their own greatest rate above; \`/verify\` and the bare \`node:http\` server
both at half of the greatest rate of \`/verify\`. Our p99 must be at most ${MAX_P99} times the bare server's. Milliseconds.

${latencyTable(columns)}

## Statements of warm requests

By the counters of the database server. The statements come from the poll of the change log (four SELECTs a second) and
from writing the counts of uses (two INSERTs for every 250 keys that were used).

${statementsTable(columns)}

## Memory

At most ${count(MAX_BYTES_PER_KEY)} bytes of heap for each cached key.

${memoryTable(columns, settings)}
${columns.map(profilesOf).join('\n')}`;
}

const nodesOf = (columns) => columns.map(({ runtime }) => `Node ${runtime.major}`);

function ratioTable(columns) {
  const heads = nodesOf(columns).flatMap((node) => [
    `${node}: median ratio (min–max)`,
    'by CPU time',
    'Latchkey',
    'the other',
  ]);
  const rows = columns.map(({ runtime, warm, cold, manyKeys, create, endpoints }) =>
    [...warm.rows, ...cold.rows, ...manyKeys.rows, ...create.rows, ...endpoints.rows].map((row) => ({
      ...row,
      atLeast: atLeast(row.mustReach, runtime),
    })),
  );
  return table(
    ['what', 'against', 'must reach', ...heads],
    rows[0].map(({ what, against }, place) => {
      const sameRow = rows.map((column) => column[place]);
      const bars = new Set(sameRow.map((row) => (row.atLeast === null ? 'reported' : `≥ ${row.atLeast}`)));
      return [what, against, [...bars].join(', '), ...sameRow.flatMap(ratioCells)];
    }),
  );
}

/** The ratio that a row must reach on a version of Node; null if it is only reported. */
const atLeast = (mustReach, { major }) =>
  mustReach !== null && typeof mustReach === 'object' ? mustReach[major] : mustReach;

function ratioCells({ atLeast, ratio, cpuRatio, ours, theirs }) {
  const missed = atLeast !== null && ratio.median < atLeast ? MISSED : '';
  const range = `**${ratio.median.toFixed(2)}** (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})${missed}`;
  return [range, cpuRatio === null ? '' : cpuRatio.toFixed(2), count(ours), count(theirs)];
}

function latencyTable(columns) {
  const rows = columns.flatMap(({ runtime, latency, internalLatency }) => [
    [`\`GET /developers/api_keys/current\`, Node ${runtime.major}`, latency.ours, latency.bare],
    [`bare Nest + Express, Node ${runtime.major}`, latency.bare],
    [`\`POST /verify\`, Node ${runtime.major}`, internalLatency.ours, internalLatency.bare],
    [`bare \`node:http\`, Node ${runtime.major}`, internalLatency.bare],
  ]);
  return table(
    ['', 'requests/s', 'p50', 'p99', 'p999', 'not answered with 200, in a round'],
    rows.map(([name, { rate, p50, p99, p999, failed }, bare]) => {
      const missed = bare !== undefined && p99 > MAX_P99 * bare.p99 ? MISSED : '';
      return [name, count(rate), p50.toFixed(2), p99.toFixed(2) + missed, p999.toFixed(2), failed];
    }),
  );
}

function statementsTable(columns) {
  const cells = ({ seconds, counters }) => [seconds.toFixed(1), ...counters];
  return table(
    ['', 'seconds', 'Com_select', 'Com_insert', 'Com_update'],
    columns.flatMap(({ runtime: { major }, statements: { requests, busy, idle } }) => [
      [`${count(requests)} warm requests, Node ${major}`, ...cells(busy)],
      [`idle, Node ${major}`, ...cells(idle)],
    ]),
  );
}

function memoryTable(columns, { few, cached }) {
  return table(
    ['', `heap with ${count(few)} keys`, 'RSS', `heap with ${count(cached)} keys`, 'RSS', 'bytes for each key'],
    columns.map(({ runtime, manyKeys: { memory, bytesPerEntry } }) => [
      `Node ${runtime.major}`,
      ...[memory.few, memory.many].flatMap(({ heapUsed, rss }) => [megabytes(heapUsed), megabytes(rss)]),
      count(bytesPerEntry) + (bytesPerEntry > MAX_BYTES_PER_KEY ? MISSED : ''),
    ]),
  );
}

function profilesOf({ runtime, verify, profile }) {
  return `
## Profiles on Node ${runtime.major}

\`Verifier.verify\` in process, warm: ${count(verify.perSecond)} calls/s. Own time by function:

${list(verify.profile.functions, 12)}

The warm public route, by owner (what Node does inside counts for its caller), then own time by function:

${list(profile.owners, 14)}

${list(profile.functions, 16)}
`;
}

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const list = (shares, most) =>
  shares
    .slice(0, most)
    .map(([name, share]) => `- ${percent(share)} \`${name}\``)
    .join('\n');

/** One bar for each version of Node. */
function bars(columns) {
  const speeds = (roundsOf, times = 1) =>
    columns.map((column) => times * median(roundsOf(column).map(({ perSecond }) => perSecond)));
  const endpoint = (name) => (column) => column.endpoints.measured[name];
  const warm = (name) => (column) => column.warm.measured[name];
  return [
    { name: 'Latchkey, /verify in batches of 100', values: speeds(endpoint('batch'), 100), ours: true },
    { name: 'Latchkey, /forward-auth', values: speeds(endpoint('forwardAuth')), ours: true },
    { name: 'Latchkey, /verify', values: speeds(endpoint('verify')), ours: true },
    { name: 'bare Nest + Express, no keys at all', values: speeds(warm('bare')) },
    { name: 'Latchkey, public API', values: speeds(warm('ours')), ours: true },
    { name: 'Latchkey, public API, cold', values: speeds(({ cold }) => cold.measured.ours), ours: true },
    { name: "better-auth's API-key plugin", values: speeds(warm('peer')) },
  ];
}
