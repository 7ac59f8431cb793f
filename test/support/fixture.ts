import type { RowDataPacket } from 'mysql2';
import type { Scope } from '../../src/common/access/scope.js';
import { idToBytes, newId, type ApiKeyId, type OrganizationId } from '../../src/common/prefixed-id.js';
import type { CreateApiKeyRequest } from '../../src/api-keys/dto/create-api-key.request.js';
import type { CreatedApiKeyResponse } from '../../src/api-keys/dto/created-api-key.response.js';
import { changeByHand, untilHeard } from './by-hand.js';
import { KeysClient } from './keys-client.js';
import { startTestApp, type TestApp } from './test-app.js';

/** The product with an organization, and a key that may do everything in it. */
export interface Fixture {
  readonly app: TestApp;
  readonly organizationId: OrganizationId;
  readonly root: CreatedApiKeyResponse;
  /** Calls with the key that may do everything. */
  readonly client: KeysClient;
  readonly clientOf: (key: { readonly secret: string } | undefined) => KeysClient;
  /** A key of the organization, made by an operator: every scope, any address, no end, unless told otherwise. */
  readonly createKey: (request?: KeyRequest) => Promise<CreatedApiKeyResponse>;
  /** A key of another organization. */
  readonly createForeignKey: () => Promise<CreatedApiKeyResponse>;
  /** Ids that name no key of the organization, and why. */
  readonly createMissing: () => Promise<Missing[]>;
  /** Sets a column by hand, change-log entry included, and waits until the app has heard of it; `sql` is an expression. */
  readonly setColumn: (id: string, column: string, sql: string) => Promise<void>;
  /** The database's time, shifted. */
  readonly timeIn: (seconds: number) => Promise<string>;
}

/** What a test says of a key; times in plain text. */
export interface KeyRequest {
  readonly label?: string;
  readonly description?: string | null;
  readonly scopes?: readonly Scope[];
  readonly ip_allow_list?: readonly string[];
  readonly expires_at?: string | null;
}

export interface Missing {
  readonly why: string;
  readonly id: string;
}

export async function startFixture(env: Readonly<Record<string, string>> = {}): Promise<Fixture> {
  const app = await startTestApp(env);
  const { connection } = app.schema;
  const organizationId = await app.createOrganization();
  const root = await app.createKey(organizationId, { label: 'Root' });
  const client = new KeysClient(app, root.secret);
  // So that its news drops nothing of what a test has warmed up.
  await untilHeard(app);
  const createForeignKey = async () => app.createKey(await app.createOrganization('Other'));
  return {
    app,
    organizationId,
    root,
    client,
    clientOf: (key) => new KeysClient(app, key?.secret),
    createKey: (request) => createKeyIn(app, organizationId, request),
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
      await changeByHand(app.schema.name, id, [
        `UPDATE api_keys SET ${column} = ${sql} WHERE id = ?`,
        idToBytes('api_key_', id),
      ]);
      await untilHeard(app);
    },
    timeIn: async (seconds) => {
      const [rows] = await connection.query<RowDataPacket[]>('SELECT UTC_TIMESTAMP() + INTERVAL ? SECOND AS moment', [
        seconds,
      ]);
      return String(rows[0]?.moment);
    },
  };
}

/** A key made by an operator in an organization of the test's choice. */
export function createKeyIn(app: TestApp, organizationId: OrganizationId, request: KeyRequest = {}) {
  return app.createKey(organizationId, request as Partial<CreateApiKeyRequest>);
}

/** Bare keys by the hundred, without secrets, straight into the table; oldest first. */
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
