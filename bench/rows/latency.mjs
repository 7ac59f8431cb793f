import { join } from 'node:path';
import { mustSucceed } from '../../scripts/support/command.mjs';
import { INTERNAL_TOKEN, LOAD_CORE } from '../support/settings.mjs';
import { interleave, median } from '../support/statistics.mjs';

const GENERATOR = join(import.meta.dirname, '../load/fixed-rate.mjs');

/** Percentiles of the public route at half of our greatest rate, for us and for the bare route. */
export function measureLatency({ servers: { product, bare }, ...context }, maximum) {
  const urls = { ours: `${product.url}/current`, bare: `${bare.url}/current` };
  return measureAtHalf(context, urls, context.settings.few, maximum);
}

/** The same for `POST /verify`, against the bare `node:http` server. */
export function measureDoorLatency({ servers: { product, bareHttp }, ...context }, maximum) {
  const urls = { ours: `${product.internalUrl}/verify`, bare: `${bareHttp.internalUrl}/verify` };
  return measureAtHalf(context, urls, context.settings.doorKeys, maximum, [INTERNAL_TOKEN]);
}

/** Medians over the rounds, in milliseconds. */
async function measureAtHalf({ secrets, settings, stop }, urls, keys, maximum, more = []) {
  const rate = Math.round(maximum / 2);
  const ask = (url) => async () => {
    const args = [url, rate, rate * settings.latencySeconds, secrets.ours, keys, ...more].map(String);
    const command = ['-c', LOAD_CORE, process.execPath, GENERATOR, ...args];
    const latency = JSON.parse(await mustSucceed('The fixed-rate generator', 'taskset', command, { stop }));
    return latency;
  };
  const { ours, bare } = await interleave(settings.rounds, { ours: ask(urls.ours), bare: ask(urls.bare) });
  const percentiles = (measured) =>
    Object.fromEntries(
      ['p50', 'p99', 'p999', 'failed'].map((name) => [name, median(measured.map((one) => one[name]))]),
    );
  return { rate, ours: percentiles(ours), bare: percentiles(bare) };
}
