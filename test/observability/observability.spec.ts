import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { INTERNAL_TOKENS } from '../internal/internal-calls.js';
import { KEYS, send } from '../support/api-client.js';
import { seedKeys } from '../support/fixtures.js';
import { TestApp } from '../support/test-app.js';
import { untilChangesRead } from '../support/database-changes.js';
import { eventually } from '../support/eventually.js';
import { Exposition } from './exposition.js';
import { WAYS } from './presented.js';
import { describeWithPromtool, promtool } from './promtool.js';
import {
  alertQueries,
  ALERTS,
  alertTexts,
  dashboard,
  groupingOf,
  labelsIn,
  panelQueries,
  selectorsOf,
} from './queries.js';

const README = readFileSync('docs/observability/README.md', 'utf8');
/** What Prometheus adds to all it scrapes, and what a histogram has. */
const ADDED_LABELS = ['job', 'instance', 'le'];
/** What Prometheus makes itself. */
const ADDED_METRICS = ['up'];

describe('the metrics of an instance that has seen some traffic, and an outage', () => {
  let running: TestApp;
  let metrics: Exposition;

  beforeAll(async () => {
    running = await TestApp.start({ isProxied: true, tokens: INTERNAL_TOKENS, env: { OUTAGE_GRACE_MS: '0' } });
    await seeTraffic(running);
    metrics = await Exposition.of(running.internalUrl);
  }, 60_000);
  afterAll(() => running.close());

  const labelsOf = (metric: string) => [...new Set(metrics.find(metric).flatMap(({ labels }) => Object.keys(labels)))];
  const queries = [...panelQueries, ...alertQueries];

  it.each(queries.map((query) => [query.where, query] as const))('are what "%s" asks for', (_, query) => {
    const selectors = selectorsOf(query).filter(({ metric }) => !ADDED_METRICS.includes(metric));
    for (const { metric, conditions } of selectors) {
      const own = conditions.filter(({ label }) => !ADDED_LABELS.includes(label));
      const found = metrics
        .find(metric)
        .filter(({ labels }) => own.every(({ label, holds }) => label in labels && holds(labels[label] ?? '')));
      expect([metric, found.length > 0]).toEqual([metric, true]);
    }
    const known = [...ADDED_LABELS, ...selectors.flatMap(({ metric }) => labelsOf(metric))];
    expect(groupingOf(query).filter((label) => !known.includes(label))).toEqual([]);
  });

  it('have every label that legends and alerts name', () => {
    for (const { where, expr, legend } of panelQueries) {
      const known = [...ADDED_LABELS, ...selectorsOf({ where, expr }).flatMap(({ metric }) => labelsOf(metric))];
      expect([where, labelsIn(legend).filter((label) => !known.includes(label))]).toEqual([where, []]);
    }
    for (const [place, text] of alertTexts.entries()) {
      const query = alertQueries[place] ?? { where: '', expr: '' };
      const kept = [...groupingOf(query), 'instance', 'job'];
      expect([query.where, labelsIn(text).filter((label) => !kept.includes(label))]).toEqual([query.where, []]);
    }
  });

  it('are in the README, all of ours, with type and labels, and no other', () => {
    const rows = [...README.matchAll(/^\| `(\w+)` +\| (\w+) +\| (.*?) *\|/gm)].map(([, name, type, labels = '']) => [
      name,
      type,
      [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label).sort(),
    ]);
    const ours = [...metrics.types]
      .filter(([name]) => name.startsWith('latchkey_'))
      .map(([name, type]) => {
        const labels = labelsOf(type === 'histogram' ? `${name}_bucket` : name);
        return [name, type, labels.filter((label) => label !== 'le').sort()];
      });
    expect(rows.sort()).toEqual(ours.sort());
  });

  describeWithPromtool("by Prometheus' own tool", () => {
    it('have nothing wrong with their names and their help', async () => {
      expect(await promtool(['check', 'metrics'], metrics.text)).toEqual({ code: 0, output: '' });
    });
  });
});

describe('the dashboard', () => {
  it('takes any Prometheus, and shows one instance or all', () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(41);
    expect(dashboard.templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['instance', 'query'],
    ]);
    const sources = JSON.stringify(dashboard).match(/"uid":"[^"]*"/g) ?? [];
    expect([...new Set(sources)].sort()).toEqual(['"uid":"${datasource}"', '"uid":"latchkey"']);
  });

  it('describes each panel', () => {
    const silent = dashboard.panels.filter(({ type, description }) => type !== 'row' && !description?.endsWith('.'));
    expect(silent.map(({ title }) => title)).toEqual([]);
    expect(panelQueries.length).toBeGreaterThan(20);
  });
});

describe('the alerts', () => {
  it.each(alertTexts.map((text) => [text.slice(0, text.indexOf('\n')), text]))(
    '%s says how urgent it is, what it means and what to do',
    (_, text) => {
      expect(text).toMatch(/^ {10}severity: (?:critical|warning)$/m);
      expect(text).toMatch(/^ {10}summary: \S.{20,}$/m);
      expect(text).toMatch(/^ {10}description: >-\n(?: {12}\S.*\n){2,}/m);
    },
  );
});

describeWithPromtool("by Prometheus' own tool", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-promtool-'));
    copyFileSync(ALERTS, join(folder, basename(ALERTS)));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it('the rules are rules', async () => {
    const { code, output } = await promtool(['check', 'rules', ALERTS]);
    expect([code, output]).toEqual([0, expect.stringContaining(`SUCCESS: ${alertTexts.length} rules found`)]);
  });

  it('the alerts fire when they should, and not when they should not', async () => {
    const { code, output } = await promtool(['test', 'rules', 'test/observability/alerts.test.yml']);
    expect([code, output]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });

  it('every query of the dashboard is PromQL', async () => {
    // Each as a recording rule; JSON is YAML.
    const rules = panelQueries.map(({ expr }, place) => ({ record: `panel:query:${place}`, expr }));
    const file = write('dashboard.yml', JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    const { code, output } = await promtool(['check', 'rules', file]);
    expect([code, output]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });

  it("the README's scrape configuration is one, with the rules beside it", async () => {
    const [, yaml = ''] = /```yaml\n([^`]*)```/.exec(README) ?? [];
    const { code, output } = await promtool(['check', 'config', write('prometheus.yml', yaml)]);
    expect([code, output]).toEqual([0, expect.stringContaining(`SUCCESS: ${alertTexts.length} rules found`)]);
  });
});

/**
 * A sample of all traffic: secrets at every endpoint, a change, and both listeners without a
 * database.
 */
async function seeTraffic(running: TestApp): Promise<void> {
  const { proxy } = running;
  const [{ id, secret } = { id: '', secret: '' }] = await seedKeys(running, 1);
  for (const present of Object.values(WAYS)) {
    await present(running, { secret });
  }
  await send(running.url, 'PUT', `${KEYS}/${id}`, { secret, body: { label: 'Changed' } });
  await untilChangesRead(running);
  proxy.set('closed');
  for (const way of ['public', 'verify'] as const) {
    const statusOf = async () => (await WAYS[way]?.(running, { secret }))?.status;
    await eventually(`503 at ${way}`, async () => (await statusOf()) === 503);
  }
  proxy.set('open');
}
