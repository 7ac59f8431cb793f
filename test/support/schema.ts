import { randomBytes } from 'node:crypto';
import { createConnection, type Connection } from 'mysql2/promise';

/** A new schema on the test server, so that tests can run side by side. */
export interface TestSchema {
  readonly name: string;
  /** As the product takes it, in `DATABASE_URL`. */
  readonly url: string;
  /** A connection of the test's own, behind the product's back. */
  readonly connection: Connection;
  drop(): Promise<void>;
}

/** The server that `npm test` starts, or the one in TEST_DATABASE_URL when Jest runs alone. */
export function testServerUrl(): URL {
  const url = process.env.TEST_DATABASE_URL;
  if (url === undefined || url === '') {
    throw new Error(
      'TEST_DATABASE_URL is not set: run the tests by `npm test`, or name a server that may be written to',
    );
  }
  return new URL(url);
}

export async function createSchema(): Promise<TestSchema> {
  const server = testServerUrl();
  const name = `latchkey_test_${process.env.JEST_WORKER_ID ?? '0'}_${randomBytes(4).toString('hex')}`;
  const connection = await createConnection({ ...connectionOptions(server), dateStrings: true });
  await connection.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  await connection.query(`USE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    name,
    url: url.href,
    connection,
    drop: async () => {
      await connection.query(`DROP DATABASE ${name}`);
      await connection.end();
    },
  };
}

export function connectionOptions(server: URL) {
  const socketPath = server.searchParams.get('socketPath');
  return {
    ...(socketPath === null ? { host: server.hostname, port: Number(server.port || 3306) } : { socketPath }),
    user: decodeURIComponent(server.username),
    password: decodeURIComponent(server.password),
  };
}
