import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { mustSucceed } from '../../scripts/support/command.mjs';
import { BCRYPT_COST, INTERNAL_TOKEN, workFolder } from './settings.mjs';
import { Server } from './servers.mjs';

/** Long enough to be taken; it protects nothing. */
const PEPPER = 'a pepper of the benchmark that guards nothing'.replaceAll(' ', '-');

/** The product, compiled for the benchmark. */
export const dist = join(workFolder, 'dist');

/** A module of the compiled product. */
export const importProduct = (path) => import(pathToFileURL(join(dist, 'src', path)).href);

/** As an operator would set it for production, but for the port. */
export function productEnv(databaseUrl, more = {}) {
  return {
    APP_ENV: 'production',
    HOST: '127.0.0.1',
    TRUST_PROXY: 'none',
    SECRET_PEPPER: PEPPER,
    BCRYPT_COST: String(BCRYPT_COST),
    LOG_LEVEL: 'info',
    LOG_FORMAT: 'json',
    SHUTDOWN_DELAY_MS: '0',
    INTERNAL_TOKENS: `bench:${INTERNAL_TOKEN}`,
    FORWARD_AUTH_ADDRESS_HEADER: 'X-Real-IP',
    FORWARD_AUTH_TRUSTED_PEERS: '127.0.0.1',
    DATABASE_URL: databaseUrl,
    ...more,
  };
}

export function migrate(databaseUrl, stop) {
  const env = { PATH: process.env.PATH, ...productEnv(databaseUrl) };
  return mustSucceed('The migration', process.execPath, [join(dist, 'src/cli.js'), 'migrate'], {
    stop,
    env,
    cwd: workFolder,
  });
}

/** @param {import('./runtimes.mjs').Runtime} runtime the Node that runs it */
export function startProduct(runtime, name, databaseUrl) {
  const observed = ['--expose-gc', '--import', join(import.meta.dirname, 'observed.mjs')];
  return Server.start(runtime, name, [...observed, join(dist, 'src/main.js')], productEnv(databaseUrl));
}

/** What makes secrets and digests, as the product does it. */
export async function loadSecrets() {
  const { formatSecret, maskSecret } = await importProduct('secrets/secret-format.js');
  const { PepperKeyring } = await importProduct('secrets/pepper-keyring.js');
  const { bytesToId } = await importProduct('common/prefixed-id.js');
  const ring = new PepperKeyring({ pepper: Buffer.from(PEPPER), retiredPeppers: [] });
  ring.assign([1]);
  return { formatSecret, maskSecret, bytesToId, ring };
}
