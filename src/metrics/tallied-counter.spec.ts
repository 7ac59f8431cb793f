import { Registry } from 'prom-client';
import { TalliedCounter } from './tallied-counter.js';

describe('a tallied counter', () => {
  const make = () => {
    const registry = new Registry();
    const counter = new TalliedCounter(registry, {
      name: 'asked_total',
      help: 'Asked.',
      labelNames: ['endpoint', 'status'],
    });
    const lines = async () => (await registry.metrics()).split('\n').filter((line) => line.startsWith('asked_total'));
    return { counter, lines };
  };

  it('shows what was counted, by its labels, each once however often it is looked at', async () => {
    const { counter, lines } = make();
    counter.count('verify', 200);
    counter.count('verify', 200);
    counter.count('verify', 503);
    counter.count('batch', 200);
    const expected = [
      'asked_total{endpoint="verify",status="200"} 2',
      'asked_total{endpoint="verify",status="503"} 1',
      'asked_total{endpoint="batch",status="200"} 1',
    ];
    expect(await lines()).toEqual(expected);
    expect(await lines()).toEqual(expected);
    counter.count('batch', 200);
    expect(await lines()).toContain('asked_total{endpoint="batch",status="200"} 2');
  });

  it('shows a zero for what is announced', async () => {
    const { counter, lines } = make();
    counter.announce('verify', 200);
    expect(await lines()).toEqual(['asked_total{endpoint="verify",status="200"} 0']);
  });
});
