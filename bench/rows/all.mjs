import { join } from 'node:path';
import { step } from '../../scripts/support/steps.mjs';
import { ensureWrk, load } from '../load/wrk.mjs';
import { describeMachine } from '../support/machine.mjs';
import { startProduct } from '../support/product.mjs';
import { digest } from '../support/profile.mjs';
import { Server } from '../support/servers.mjs';
import { median } from '../support/statistics.mjs';
import { measureCold } from './cold.mjs';
import { measureCreate } from './create.mjs';
import { measureInternal } from './internal.mjs';
import { measureInternalLatency, measureLatency } from './latency.mjs';
import { measureManyKeys } from './many-keys.mjs';
import { countStatements } from './idle-queries.mjs';
import { measureVerify } from './verify.mjs';
import { measureWarm } from './warm.mjs';

const candidate = (name) => join(import.meta.dirname, '../candidates', name);

/**
 * Every row of the report, one after the other, on one version of Node after the other.
 *
 * @returns {Promise<{ machine: object, settings: object, columns: object[] }>} a column for each
 * version
 */
export async function measureAll({ databases, runtimes, settings, stop }) {
  const machine = describeMachine({ runtimes, wrk: await ensureWrk(stop), database: databases.version });
  const secrets = await databases.fill(settings, stop);
  const columns = [];
  for (const runtime of runtimes) {
    columns.push(
      await step(`Node ${runtime.version}`, () => measureOn({ databases, runtime, settings, secrets, stop })),
    );
  }
  return { machine, settings, columns };
}

async function measureOn(given) {
  const servers = await startServers(given);
  const context = { ...given, servers };
  try {
    const warm = await step('Warm', () => measureWarm(context));
    const profile = await step('Profile of the warm route', () => profileWarm(context));
    const statements = await step('Statements of warm requests', () => countStatements(context));
    const latency = await step('Latency', () =>
      measureLatency(context, { ours: speed(warm.measured.ours), bare: speed(warm.measured.bare) }),
    );
    const endpoints = await step('Endpoints for services', () => measureInternal(context));
    const internalLatency = await step('Latency of the endpoints', () =>
      measureInternalLatency(context, speed(endpoints.measured.verify)),
    );
    const cold = await step('Cold', () => measureCold(context));
    const create = await step('Create', () => measureCreate(context));
    const verify = await step('In process', () => measureVerify(context));
    const manyKeys = await step('Many keys', () => measureManyKeys(context));
    return {
      runtime: given.runtime,
      warm,
      profile,
      statements,
      latency,
      endpoints,
      internalLatency,
      cold,
      create,
      verify,
      manyKeys,
    };
  } finally {
    await Promise.all(Object.values(servers).map((server) => server.stop()));
  }
}

/** The median rate of several rounds. */
const speed = (rounds) => median(rounds.map(({ perSecond }) => perSecond));

async function startServers({ databases: { ours, peer }, runtime }) {
  const start = (name, file, env) => Server.start(runtime, name, [candidate(file)], env);
  const peerEnv = { DATABASE_URL: peer.url, DATABASE_SOCKET: peer.socket, BETTER_AUTH_TELEMETRY: '0' };
  return {
    product: await startProduct(runtime, 'latchkey', ours.url),
    bare: await start('bare-nest', 'bare-nest.mjs'),
    bareHttp: await start('bare-http', 'bare-http.mjs'),
    tuned: await start('bare-nest-tuned', 'bare-nest.mjs', { BARE_TUNED: '1' }),
    peer: await start('better-auth', 'better-auth.mjs', peerEnv),
  };
}

async function profileWarm({ servers: { product }, secrets, settings, stop }) {
  const keys = { file: secrets.ours, count: settings.few };
  return digest(await product.profileWhile(() => load(product, settings.seconds, keys, stop)));
}
