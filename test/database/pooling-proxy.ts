import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server as NetServer } from 'node:net';
import { join } from 'node:path';
import { createConnection, createServer, type Connection, type FieldPacket } from 'mysql2';
import { connectionOptions, testServerUrl } from '../support/schema.js';

/**
 * How the proxy pools:
 * - `session`: each client has a server connection of its own;
 * - `statement`: the statements of a client go to two server connections in turn (multiplexing);
 * - `forgetful`: as `session`, but SET statements never reach the server;
 * - `strict`: as `session`, but SET statements are refused.
 */
export type Pooling = 'session' | 'statement' | 'forgetful' | 'strict';

/**
 * A proxy that ends MySQL's protocol itself, as ProxySQL does. The connection ids that it reports
 * are not the server's.
 */
export interface PoolingProxy {
  readonly url: string;
  close(): void;
}

/**
 * What it greets clients with: protocol 10, autocommit, every capability but those of newer
 * clients.
 */
const GREETING = {
  protocolVersion: 10,
  serverVersion: '8.0.0-proxy',
  connectionId: 1,
  statusFlags: 2,
  characterSet: 45,
  capabilityFlags: 0xffffff,
};
const UTF8MB4 = 45;
const VAR_STRING = 253;

/** @param schema the database of its server connections, instead of the one that a client names */
export async function openPoolingProxy(pooling: Pooling, schema: string): Promise<PoolingProxy> {
  const folder = mkdtempSync('/tmp/latchkey-proxy-');
  const path = join(folder, 'db.sock');
  const backends: Connection[] = [];
  const connectBackend = () => {
    const backend = createConnection({
      ...connectionOptions(testServerUrl()),
      database: schema,
      charset: 'utf8mb4_bin',
    });
    backends.push(backend);
    return backend;
  };
  const proxy = createServer((client) => {
    const own = [connectBackend(), ...(pooling === 'statement' ? [connectBackend()] : [])];
    let turn = 0;
    const pass = (sql: string) => {
      // mysql2 leaves it to its user to continue the packet count of a request in the response.
      client.sequenceId = 1;
      if (pooling === 'forgetful' && sql.startsWith('SET ')) {
        client.writeOk({ affectedRows: 0 });
        return;
      }
      if (pooling === 'strict' && sql.startsWith('SET ')) {
        client.writeError({ message: 'no SET here', code: 1235 });
        return;
      }
      const backend = own[turn++ % own.length];
      backend?.query({ sql, typeCast: (field) => field.string() }, (error, rows, fields) => {
        answer(client, error, rows, fields);
      });
    };
    client.on('error', () => undefined);
    client.on('query', pass);
    // mysql2 takes SET for a prepared statement.
    client.on('stmt_prepare', pass);
    client.serverHandshake(GREETING);
  });
  const listener = (proxy as unknown as { readonly _server: NetServer })._server.listen(path);
  await once(listener, 'listening');
  const url = new URL(testServerUrl());
  url.pathname = `/${schema}`;
  url.searchParams.set('socketPath', path);
  return {
    url: url.href,
    close: () => {
      backends.forEach((backend) => {
        backend.destroy();
      });
      listener.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function answer(client: Connection, error: Error | null, rows: unknown, fields: FieldPacket[]): void {
  if (error !== null) {
    client.writeError({ message: error.message, code: 1105 });
  } else if (Array.isArray(rows)) {
    client.writeTextResult(
      rows,
      fields.map(({ name }) => columnOf(name)),
    );
  } else {
    client.writeOk({ affectedRows: 0 });
  }
}

function columnOf(name: string) {
  const nameless = { catalog: 'def', schema: '', table: '', orgTable: '', orgName: name };
  return {
    ...nameless,
    name,
    characterSet: UTF8MB4,
    columnLength: 1024,
    columnType: VAR_STRING,
    flags: 0,
    decimals: 0,
  };
}
