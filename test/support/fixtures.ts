import type { RowDataPacket } from 'mysql2';
import { idToBytes, newId, type ApiKeyId, type OrganizationId } from '../../src/common/prefixed-id.js';
import type { CreatedApiKeyResponse } from '../../src/api-keys/dto/created-api-key.response.js';
import { changeInDatabase, untilChangesRead } from './database-changes.js';
import { KeysClient, type MadeKey } from './api-client.js';
import { insertOrganization, insertVerifiableKeys } from './bulk-keys.js';
import { endProcesses } from './running-process.js';
import { createSchema, type TestSchema } from './schema.js';
import { TestApp, type KeyRequest, type TestAppOptions } from './test-app.js';
import { runCli } from './test-process.js';

/** The product in this process with an organization, and a key of it with every scope. */
export interface Fixture {
  readonly app: TestApp;
  readonly organizationId: OrganizationId;
  readonly root: CreatedApiKeyResponse;
  /** Sends requests as the root key. */
  readonly client: KeysClient;
  readonly clientOf: (key: { readonly secret: string } | undefined) => KeysClient;
  /** Creates a key of the organization: every scope, any address, no end, unless told otherwise. */
  readonly createKey: (request?: KeyRequest) => Promise<CreatedApiKeyResponse>;
  /** A key of another organization. */
  readonly createForeignKey: () => Promise<CreatedApiKeyResponse>;
  /** Ids that name no key of the organization, and why not. */
  readonly createMissing: () => Promise<Missing[]>;
  /**
   * Sets a column to an SQL expression, with a change-log entry, and waits until the app has read
   * the entry.
   */
  readonly setColumn: (id: string, column: string, sql: string) => Promise<void>;
  /** The database's time plus some seconds, as the API takes it. */
  readonly timeIn: (seconds: number) => Promise<string>;
}

export interface Missing {
  readonly why: string;
  readonly id: string;
}

export async function startFixture(options: TestAppOptions = {}): Promise<Fixture> {
  const app = await TestApp.start(options);
  const { connection } = app.schema;
  const organizationId = await app.createOrganization();
  const root = await app.createKey(organizationId, { label: 'Root' });
  const client = new KeysClient(app, root.secret);
  // The entry of the root key would otherwise empty a cache that a test has filled.
  await untilChangesRead(app);
  const createForeignKey = async () => app.createKey(await app.createOrganization('Other'));
  return {
    app,
    organizationId,
    root,
    client,
    clientOf: (key) => new KeysClient(app, key?.secret),
    createKey: (request) => app.createKey(organizationId, request),
    createForeignKey,
    createMissing: async () => {
      const [deleted, foreign] = await Promise.all([app.createKey(organizationId), createForeignKey()]);
      await client.delete(deleted.id);
      return [
        { why: 'unknown', id: newId('api_key_') },
        { why: 'deleted', id: deleted.id },
        { why: "another organization's", id: foreign.id },
      ];
    },
    setColumn: async (id, column, sql) => {
      await changeInDatabase(app.schema.name, id, [
        `UPDATE api_keys SET ${column} = ${sql} WHERE id = ?`,
        idToBytes('api_key_', id),
      ]);
      await untilChangesRead(app);
    },
    timeIn: async (seconds) => {
      const [rows] = await connection.query<RowDataPacket[]>('SELECT UTC_TIMESTAMP() + INTERVAL ? SECOND AS moment', [
        seconds,
      ]);
      return String(rows[0]?.moment);
    },
  };
}

/** Inserts keys without secrets straight into the table. Oldest first. */
export async function insertKeys({ app, organizationId }: Fixture, count: number): Promise<ApiKeyId[]> {
  const ids = Array.from({ length: count }, () => newId('api_key_'));
  await app.schema.connection.query(
    'INSERT INTO api_keys (id, organization_id, label, scopes, ip_allow_list, created_at) VALUES ?',
    [
      ids.map((id) => [
        idToBytes('api_key_', id),
        idToBytes('org_', organizationId),
        'Bare',
        '["invoices.read"]',
        '[]',
        '2026-01-01 00:00:00',
      ]),
    ],
  );
  return ids;
}

/** Inserts keys of a new organization, with every scope. */
export async function seedKeys({ schema }: TestApp, count: number): Promise<MadeKey[]> {
  return insertVerifiableKeys(schema.connection, await insertOrganization(schema.connection), count);
}

/** A migrated schema with an organization, and a key of it with every scope. */
export interface SeededDatabase {
  readonly schema: TestSchema;
  readonly organizationId: OrganizationId;
  readonly root: MadeKey;
  createKeys(count: number, organizationId?: OrganizationId): Promise<MadeKey[]>;
  createOrganization(): Promise<OrganizationId>;
  /** The database's time plus some seconds, as the API takes it. */
  timeIn(seconds: number): Promise<string>;
  /** Ends the processes of the test and drops the schema. */
  end(): Promise<void>;
}

/** @param empty an empty schema. Default: a new one on the test server */
export async function seedDatabase(empty?: TestSchema): Promise<SeededDatabase> {
  const schema = empty ?? (await createSchema());
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
      await endProcesses();
      await schema.drop();
    },
  };
}

/** The id of a key as the tables store it. */
export const bytesOf = ({ id }: { readonly id: string }) => idToBytes('api_key_', id);
