import { join } from 'node:path';
import { mustSucceed } from '../../scripts/support/command.mjs';
import { INTERNAL_TOKEN, LOAD_CORE } from '../support/settings.mjs';
import { interleave, median } from '../support/statistics.mjs';

const GENERATOR = join(import.meta.dirname, '../load/fixed-rate.mjs');

/**
 * Percentiles of the public route and of the bare route, each at half of its own greatest rate: the
 * bare route cannot keep up with half of ours.
 */
export function measureLatency(context, maxima) {
  const { product, bare } = context.servers;
  const asked = {
    ours: { url: `${product.url}/current`, rate: maxima.ours / 2 },
    bare: { url: `${bare.url}/current`, rate: maxima.bare / 2 },
  };
  return measureAtRate(context, asked, context.settings.few);
}

/**
 * The same for `POST /verify` and the bare `node:http` server, both at half of our greatest rate.
 */
export function measureInternalLatency(context, maximum) {
  const { product, bareHttp } = context.servers;
  const asked = {
    ours: { url: `${product.internalUrl}/verify`, rate: maximum / 2 },
    bare: { url: `${bareHttp.internalUrl}/verify`, rate: maximum / 2 },
  };
  return measureAtRate(context, asked, context.settings.internalKeys, [INTERNAL_TOKEN]);
}

/** Medians over the rounds, in milliseconds. */
async function measureAtRate({ secrets, settings, stop }, asked, keys, more = []) {
  const ask =
    ({ url, rate }) =>
    async () => {
      const requests = Math.round(rate * settings.latencySeconds);
      const args = [url, Math.round(rate), requests, secrets.ours, keys, ...more].map(String);
      const command = ['-c', LOAD_CORE, process.execPath, GENERATOR, ...args];
      const latency = JSON.parse(await mustSucceed('The fixed-rate generator', 'taskset', command, { stop }));
      return latency;
    };
  const { ours, bare } = await interleave(settings.rounds, { ours: ask(asked.ours), bare: ask(asked.bare) });
  const percentiles = (rate, measured) => ({
    rate,
    ...Object.fromEntries(
      ['p50', 'p99', 'p999', 'failed'].map((name) => [name, median(measured.map((one) => one[name]))]),
    ),
  });
  return { ours: percentiles(asked.ours.rate, ours), bare: percentiles(asked.bare.rate, bare) };
}
