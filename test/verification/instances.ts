import { Agent } from 'node:http';
import { idToBytes, type OrganizationId } from '../../src/common/prefixed-id.js';
import { KEYS } from '../support/api-client.js';
import { insertOrganization, insertVerifiableKeys } from '../support/bulk-keys.js';
import { eventually } from '../support/eventually.js';
import { envelope, exchange, type Outcome } from '../support/http-load.js';
import { endProducts, Product, runCli, serviceEnv } from '../support/product.js';
import { createSchema, type TestSchema } from '../support/schema.js';
import type { MadeKey } from '../support/service.js';

/** The bound of the product, unless it is told otherwise. */
export const BOUND_MS = 1_000;
export const CURRENT = `${KEYS}/current`;

/** One instance of the built product, as a process of its own. */
export class Instance {
  /** Pools its connections, so that many may ask at once. */
  private readonly agent = new Agent({ keepAlive: true });

  private constructor(
    readonly product: Product,
    readonly url: string,
  ) {}

  static async start(databaseUrl: string, env: Readonly<Record<string, string>> = {}): Promise<Instance> {
    const product = new Product('main', serviceEnv(databaseUrl, { SHUTDOWN_DELAY_MS: '0', ...env }));
    return new Instance(product, await product.url());
  }

  send(method: string, path: string, { secret }: { readonly secret: string }, body?: unknown): Promise<Outcome> {
    return exchange(this.agent, method, `${this.url}${path}`, secret, body);
  }

  /** Whether a key is accepted, at a route that asks for no scope and, once the key is known, for no query. */
  current(key: { readonly secret: string }): Promise<Outcome> {
    return this.send('GET', CURRENT, key);
  }

  async expectCurrent(key: { readonly secret: string }, status: number): Promise<void> {
    const outcome = await this.current(key);
    expect([outcome.status, outcome.error]).toEqual([status, null]);
  }

  /** Sends, and insists on success: on a busy machine the database may be late, which says nothing. */
  async must<T>(method: string, path: string, key: { readonly secret: string }, body?: unknown): Promise<T> {
    let outcome = await this.send(method, path, key, body);
    for (let attempt = 1; outcome.status === 503 && attempt < 5; attempt++) {
      outcome = await this.send(method, path, key, body);
      if (method === 'DELETE' && outcome.status === 404) {
        // The attempt before had come through after all.
        return undefined as T;
      }
    }
    if (outcome.status !== 200) {
      throw new Error(`${method} ${path}: ${outcome.status ?? outcome.error ?? ''} ${outcome.body}`);
    }
    return envelope<T>(outcome).data;
  }

  /** Waits until it answers a key so. */
  async untilCurrent(key: { readonly secret: string }, status: number, deadlineMs = 10_000): Promise<void> {
    await eventually(`${status} for the key`, async () => (await this.current(key)).status === status, deadlineMs);
  }
}

/** A migrated schema with an organization, and a key in it that may do everything. */
export interface SeededDatabase {
  readonly schema: TestSchema;
  readonly organizationId: OrganizationId;
  readonly root: MadeKey;
  createKeys(count: number, organizationId?: OrganizationId): Promise<MadeKey[]>;
  createOrganization(): Promise<OrganizationId>;
  /** The database's time plus some seconds, as the API takes it. */
  timeIn(seconds: number): Promise<string>;
  end(): Promise<void>;
}

/** @param made an empty schema, if not one on the test server */
export async function prepareGround(made?: TestSchema): Promise<SeededDatabase> {
  const schema = made ?? (await createSchema());
  const { connection } = schema;
  const { code, stderr } = await runCli(schema.url, ['migrate']);
  if (code !== 0) {
    throw new Error(stderr);
  }
  const organizationId = await insertOrganization(connection);
  const [root] = await insertVerifiableKeys(connection, organizationId, 1);
  if (root === undefined) {
    throw new Error('no key was made');
  }
  return {
    schema,
    organizationId,
    root,
    createKeys: (count, organization = organizationId) => insertVerifiableKeys(connection, organization, count),
    createOrganization: () => insertOrganization(connection),
    timeIn: async (seconds) => {
      const [rows] = await connection.query('SELECT UTC_TIMESTAMP() + INTERVAL ? SECOND AS moment', [seconds]);
      return (rows as { moment: string }[])[0]?.moment ?? '';
    },
    end: async () => {
      await endProducts();
      await schema.drop();
    },
  };
}

export const bytesOf = ({ id }: { readonly id: string }) => idToBytes('api_key_', id);

/** Says how figures are spread: these are the promises of the issue, so they are always said. */
export function report(what: string, figures: readonly number[], unit = 'ms'): void {
  const sorted = figures.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN);
  process.stderr.write(
    `measured: ${what}: p50 ${at(0.5)} ${unit}, p99 ${at(0.99)} ${unit}, max ${at(1)} ${unit} (n = ${sorted.length})\n`,
  );
}
