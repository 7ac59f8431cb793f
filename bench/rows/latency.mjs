import { join } from 'node:path';
import { mustSucceed } from '../../scripts/support/command.mjs';
import { LOAD_CORE } from '../support/settings.mjs';
import { interleave, median } from '../support/statistics.mjs';

const GENERATOR = join(import.meta.dirname, '../load/fixed-rate.mjs');

/** Percentiles at half of our greatest rate, for us and for the bare route; medians over the rounds, in milliseconds. */
export async function measureLatency({ servers, secrets, settings, stop }, maximum) {
  const rate = Math.round(maximum / 2);
  const ask = (server) => async () => {
    const args = [`${server.url}/current`, rate, rate * settings.latencySeconds, secrets.ours, settings.few].map(
      String,
    );
    const command = ['-c', LOAD_CORE, process.execPath, GENERATOR, ...args];
    const latency = JSON.parse(await mustSucceed('The fixed-rate generator', 'taskset', command, { stop }));
    return latency;
  };
  const { ours, bare } = await interleave(settings.rounds, { ours: ask(servers.product), bare: ask(servers.bare) });
  const percentiles = (measured) =>
    Object.fromEntries(
      ['p50', 'p99', 'p999', 'failed'].map((name) => [name, median(measured.map((one) => one[name]))]),
    );
  return { rate, ours: percentiles(ours), bare: percentiles(bare) };
}
