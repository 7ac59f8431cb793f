import type { Metric, MetricObjectWithValues, MetricValueWithName, Registry } from 'prom-client';

/** The observations of one label value. */
interface Tally {
  /** One for each bound, and one for what is beyond the last. */
  readonly counts: number[];
  sum: number;
}

/** The definition of a histogram. */
export interface TalliedHistogramOptions {
  readonly name: string;
  readonly help: string;
  readonly labelName: string;
  /** Upper bounds of the buckets, ascending. */
  readonly bounds: readonly number[];
}

/**
 * A histogram for what happens thousands of times a second, by one label. prom-client's own makes a
 * text of the labels at each observation, and looks its bucket up by the bound's text.
 */
export class TalliedHistogram {
  private readonly tallies = new Map<string, Tally>();

  constructor(
    registry: Registry,
    private readonly options: TalliedHistogramOptions,
  ) {
    const { name, help } = options;
    const metric = {
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      get: () => Promise.resolve({ ...metric, values: this.values() } as unknown as MetricObjectWithValues<never>),
      reset: () => {
        this.tallies.clear();
      },
    };
    // The part of a metric that the registry uses.
    registry.registerMetric(metric as unknown as Metric);
  }

  /** @param value of the label; there must not be many different ones */
  observe(value: string, amount: number): void {
    const { bounds } = this.options;
    let tally = this.tallies.get(value);
    if (tally === undefined) {
      tally = { counts: Array<number>(bounds.length + 1).fill(0), sum: 0 };
      this.tallies.set(value, tally);
    }
    let place = 0;
    while (place < bounds.length && amount > (bounds[place] ?? Infinity)) {
      place++;
    }
    tally.counts[place] = (tally.counts[place] ?? 0) + 1;
    tally.sum += amount;
  }

  /** Buckets are cumulative; the last one contains every observation. */
  private values(): MetricValueWithName<string>[] {
    const { name, labelName, bounds } = this.options;
    return [...this.tallies].flatMap(([value, { counts, sum }]) => {
      const labels = { [labelName]: value };
      let total = 0;
      const buckets = counts.map((count, place) => {
        total += count;
        return { metricName: `${name}_bucket`, labels: { le: bounds[place] ?? '+Inf', ...labels }, value: total };
      });
      return [
        ...buckets,
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: total },
      ];
    });
  }
}
