import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { KEYS } from './api-client.js';
import { envelope, exchange, type Outcome } from './http-load.js';
import { makeFolder, Product, serviceEnv } from './product.js';

/** A key that a test made. */
export interface MadeKey {
  readonly id: string;
  readonly secret: string;
}

/** The built product as `npm start` runs it, as a process of its own, and its first key. */
export interface Service {
  readonly product: Product;
  readonly url: string;
  readonly dataDir: string;
  /** The secret of a key with every scope. */
  readonly secret: string;
  /** One request on a connection of its own. */
  send(method: string, path: string, secret?: string, body?: unknown): Promise<Outcome>;
  createKey(label: string): Promise<MadeKey>;
}

/** @param dataDir that of a service that was started before on the same database; else an empty one */
export async function startService(
  databaseUrl: string,
  env: Readonly<Record<string, string>> = {},
  dataDir = makeFolder(),
): Promise<Service> {
  const product = new Product('start', serviceEnv(databaseUrl, { DATA_DIR: dataDir, LOG_LEVEL: 'info', ...env }));
  const url = await product.url();
  const { secret } = JSON.parse(readFileSync(join(dataDir, 'first-key.json'), 'utf8')) as MadeKey;
  const send: Service['send'] = (method, path, bearer, body) => {
    const agent = new Agent({ keepAlive: false });
    return exchange(agent, method, `${url}${path}`, bearer ?? secret, body);
  };
  const createKey = async (label: string) => {
    const outcome = await send('POST', KEYS, secret, { label });
    if (outcome.status !== 200) {
      throw new Error(`no key was made: ${outcome.status ?? outcome.error ?? ''} ${outcome.body}`);
    }
    return envelope<MadeKey>(outcome).data;
  };
  return { product, url, dataDir, secret, send, createKey };
}
