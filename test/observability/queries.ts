import { readFileSync } from 'node:fs';

export const DASHBOARD = 'docs/observability/dashboard.json';
export const ALERTS = 'docs/observability/alerts.yml';

/** A query of PromQL, and where it stands. */
export interface Query {
  readonly where: string;
  readonly expr: string;
}

/** What a query names: a metric, with the conditions on its labels. */
export interface Selector {
  readonly metric: string;
  readonly conditions: readonly Condition[];
}

interface Condition {
  readonly label: string;
  readonly holds: (value: string) => boolean;
}

interface Panel {
  readonly title: string;
  readonly description?: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

interface Dashboard {
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
  readonly panels: readonly Panel[];
}

export const dashboard = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as Dashboard;

/** Every query of the dashboard, as Grafana would send it, and what is written beside its lines. */
export const panelQueries: readonly (Query & { readonly legend: string })[] = dashboard.panels.flatMap(
  ({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({
      where: title,
      expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'),
      legend: legendFormat,
    })),
);

/** One rule each. */
export const alertTexts: readonly string[] = readFileSync(ALERTS, 'utf8')
  .split(/^ {6}- alert: /m)
  .slice(1);

export const alertQueries: readonly Query[] = alertTexts.map((text) => ({
  where: text.slice(0, text.indexOf('\n')),
  expr: /^ {8}expr: (?:>-\n)?((?:.|\n)*?)\n {8}for:/m.exec(text)?.[1] ?? '',
}));

/** The metrics in a query. */
export function selectorsOf({ expr }: Query): Selector[] {
  return [...expr.matchAll(/\b((?:latchkey|nodejs|process)_\w+|up)\b(?:\{([^}]*)\})?/g)].map(
    ([, metric = '', conditions = '']) => ({
      metric,
      conditions: [...conditions.matchAll(/(\w+)(=~|=)"([^"]*)"/g)].map(([, label = '', operator, value = '']) => ({
        label,
        holds: (text) => (operator === '=' ? text === value : new RegExp(`^(?:${value})$`).test(text)),
      })),
    }),
  );
}

/** The labels by which a query adds up. */
export function groupingOf({ expr }: Query): string[] {
  return [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(/, */));
}

/**
 * The labels that a template names: `{{code}}` in a legend, `{{ $labels.instance }}` in an alert.
 */
export function labelsIn(template: string): string[] {
  return [...template.matchAll(/\{\{ ?(?:\$labels\.)?(\w+) ?\}\}/g)].map(([, label = '']) => label);
}
