import { readFileSync, writeFileSync } from 'node:fs';
import type { Outcome } from '../support/load-client.js';

/** One call on one size of database, the n-th of its kind. */
export type Call = (n: number) => Promise<Outcome>;

/** Milliseconds of each call, by the name of the operation and of the size. */
export type Latencies = ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>;

const MARKERS = ['<!-- scale -->', '<!-- /scale -->'] as const;

/**
 * Calls each operation `calls` times, with the sizes in turn, so that other load on the machine
 * affects all sizes alike.
 */
export async function measureInTurns(
  operations: Readonly<Record<string, { readonly calls: number; readonly sizes: Readonly<Record<string, Call>> }>>,
): Promise<Latencies> {
  const latencies = new Map<string, Map<string, number[]>>();
  for (const [operation, { calls, sizes }] of Object.entries(operations)) {
    const bySize = new Map(Object.keys(sizes).map((size) => [size, [] as number[]]));
    for (let n = 0; n < calls; n++) {
      const turn = Object.entries(sizes);
      for (const [size, call] of n % 2 === 0 ? turn : turn.reverse()) {
        const { status, ms, body, error } = await call(n);
        if (status !== 200) {
          throw new Error(`${operation}: ${status ?? error ?? ''} ${body}`);
        }
        bySize.get(size)?.push(ms);
      }
    }
    latencies.set(operation, bySize);
  }
  return latencies;
}

/** As a table in Markdown, laid out as the formatter wants it. */
export function tableOf(latencies: Latencies): string {
  const sizes = [...(latencies.values().next().value?.keys() ?? [])];
  const head = ['p50 / p99, ms', ...sizes];
  const rows = [...latencies].map(([operation, bySize]) => [
    operation,
    ...sizes.map((size) => `${percentile(bySize.get(size), 50)} / ${percentile(bySize.get(size), 99)}`),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Puts the table between the markers of the README. */
export function writeTable(table: string): void {
  const readme = readFileSync('README.md', 'utf8');
  const [start, end] = [readme.indexOf(MARKERS[0]), readme.indexOf(MARKERS[1])];
  if (start === -1 || end === -1) {
    throw new Error(`README.md has no ${MARKERS.join(' … ')}`);
  }
  writeFileSync('README.md', `${readme.slice(0, start + MARKERS[0].length)}\n\n${table}\n\n${readme.slice(end)}`);
}

function percentile(values: readonly number[] = [], percent: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? NaN).toFixed(1);
}
