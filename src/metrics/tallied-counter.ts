import { Counter, type Registry } from 'prom-client';

type LabelValue = string | number;

/** One for each name. */
type ValuesOf<L extends readonly string[]> = { readonly [K in keyof L]: LabelValue };

interface Tally {
  count: number;
  /** By the value of the next label. */
  readonly below: Map<LabelValue, Tally>;
}

const newTally = (): Tally => ({ count: 0, below: new Map() });

/**
 * A counter for events that occur thousands of times a second. It counts in memory and passes the
 * totals to prom-client when the metrics are read, because prom-client builds a string of the
 * labels at each count. perf: docs/performance.md#metrics-counted-in-memory
 */
export class TalliedCounter<const L extends readonly string[]> {
  private readonly root = newTally();

  constructor(
    registry: Registry,
    { labelNames, ...named }: { readonly name: string; readonly help: string; readonly labelNames: L },
  ) {
    const { root } = this;
    new Counter({
      ...named,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        handOver(this, root, labelNames, {});
      },
    });
  }

  /**
   * @param values one for each label, in the order of their names; there must not be many different
   * ones
   */
  count(...values: ValuesOf<L>): void {
    this.tallyOf(values).count++;
  }

  /** Shows a zero until something is counted. */
  announce(...values: ValuesOf<L>): void {
    this.tallyOf(values);
  }

  private tallyOf(values: readonly LabelValue[]): Tally {
    let tally = this.root;
    for (const value of values) {
      let next = tally.below.get(value);
      if (next === undefined) {
        next = newTally();
        tally.below.set(value, next);
      }
      tally = next;
    }
    return tally;
  }
}

function handOver(
  counter: Counter,
  tally: Tally,
  [name, ...names]: readonly string[],
  labels: Readonly<Record<string, LabelValue>>,
): void {
  if (name === undefined) {
    counter.inc(labels, tally.count);
    tally.count = 0;
    return;
  }
  for (const [value, next] of tally.below) {
    handOver(counter, next, names, { ...labels, [name]: value });
  }
}
