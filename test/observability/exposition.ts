/** One line of Prometheus' text format. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SERIES = /^(\w+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** The metrics of an instance at /metrics. */
export class Exposition {
  readonly series: readonly Series[];
  /** The type of each metric, by its name. */
  readonly types: ReadonlyMap<string, string>;

  constructor(readonly text: string) {
    const lines = text.split('\n').filter((line) => line !== '');
    this.series = lines.filter((line) => !line.startsWith('#')).map(parseSeries);
    this.types = new Map(
      [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type] as const),
    );
  }

  static async of(internalUrl: string): Promise<Exposition> {
    return new Exposition(await (await fetch(`${internalUrl}/metrics`)).text());
  }

  /** All series of a name that have these labels, whatever else they have. */
  find(name: string, labels: Series['labels'] = {}): Series[] {
    return this.series.filter(
      (series) =>
        series.name === name && Object.entries(labels).every(([label, value]) => series.labels[label] === value),
    );
  }

  /** Their sum. 0 if there is none yet. */
  sum(name: string, labels: Series['labels'] = {}): number {
    return this.find(name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  /**
   * How much each series of a name has grown since `before`, keyed by some of its labels. Series
   * that have not grown are left out.
   */
  grownSince(before: Exposition, name: string, ...by: readonly string[]): Record<string, number> {
    const grown: Record<string, number> = {};
    for (const { labels, value } of this.find(name)) {
      const key = by.map((label) => labels[label] ?? '').join(' ');
      grown[key] = (grown[key] ?? 0) + value - before.sum(name, labels);
    }
    return Object.fromEntries(Object.entries(grown).filter(([, growth]) => growth !== 0));
  }
}

function parseSeries(line: string): Series {
  const [, name, labels = '', value] = SERIES.exec(line) ?? [];
  if (name === undefined) {
    throw new Error(`no series: ${line}`);
  }
  const pairs = [...labels.matchAll(LABEL)].map(([, label = '', text = '']) => [label, text] as const);
  return { name, labels: Object.fromEntries(pairs), value: Number(value === '+Inf' ? Infinity : value) };
}
