import { Histogram, Registry } from 'prom-client';
import { TalliedHistogram } from './tallied-histogram.js';

describe('a tallied histogram', () => {
  const named = { name: 'latchkey_test_seconds', help: 'What a test says.' };
  const bounds = [0.001, 0.01, 0.1];

  function arrange() {
    const [ours, theirs] = [new Registry(), new Registry()];
    const tallied = new TalliedHistogram(ours, { ...named, labelName: 'endpoint', bounds });
    const plain = new Histogram({ ...named, labelNames: ['endpoint'], buckets: bounds, registers: [theirs] });
    const observe = (endpoint: string, seconds: number) => {
      tallied.observe(endpoint, seconds);
      plain.observe({ endpoint }, seconds);
    };
    return { ours, theirs, observe };
  }

  it("exposes what prom-client's own does, to the letter: at the bounds, between them and beyond", async () => {
    const { ours, theirs, observe } = arrange();
    for (const seconds of [0, 0.001, 0.0010001, 0.05, 0.1, 3, 0.0005]) {
      observe('verify', seconds);
    }
    observe('forward-auth', 0.02);
    expect(await ours.metrics()).toBe(await theirs.metrics());
    expect(await ours.metrics()).toContain('latchkey_test_seconds_bucket{le="0.1",endpoint="verify"} 6');
  });

  it('has no series before something is observed, and none after a reset', async () => {
    const { ours, theirs, observe } = arrange();
    expect(await ours.metrics()).toBe(await theirs.metrics());
    observe('verify', 1);
    ours.resetMetrics();
    theirs.resetMetrics();
    expect(await ours.metrics()).toBe(await theirs.metrics());
  });

  it('refuses to have the name of another metric', () => {
    const { ours } = arrange();
    expect(() => new TalliedHistogram(ours, { ...named, labelName: 'endpoint', bounds })).toThrow(named.name);
  });
});
