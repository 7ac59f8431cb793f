import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { UnavailableError } from '../../src/common/unavailable-error.js';
import type { Database } from '../../src/database/database.js';
import { eventually } from '../support/eventually.js';
import { openDatabase } from '../support/open-database.js';
import { startServer, type StoppableServer } from '../support/stoppable-server.js';

const USER = "client@'%'";
const PASSWORD = 'p w/@:ü';

/**
 * Made for these tests: an authority, and its certificates for localhost and for elsewhere.example
 * with one key.
 */
const CERTIFICATES = resolve('test/database/certificates');

describe('a connection to the database', () => {
  let folder: string;
  let server: ReachableServer;
  let impostor: ReachableServer;
  const opened: Database[] = [];

  beforeAll(async () => {
    // The servers run as an unprivileged user, who may have no access to the project folder.
    folder = mkdtempSync('/tmp/latchkey-certificates-');
    cpSync(CERTIFICATES, folder, { recursive: true });
    chmodSync(folder, 0o755);
    [server, impostor] = await Promise.all([
      startReachable(folder, 'localhost.pem'),
      startReachable(folder, 'elsewhere.pem'),
    ]);
  }, 60_000);

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((database) => database.close()));
  });

  afterAll(async () => {
    await Promise.all([server.destroy(), impostor.destroy()]);
    rmSync(folder, { recursive: true });
  }, 60_000);

  const open = async (url: string) => {
    const database = await openDatabase(url);
    opened.push(database);
    return database;
  };
  const authority = () => `ca=${encodeURIComponent(join(folder, 'authority.pem'))}`;
  const overTcp = (parameters = '', host = 'localhost', to = server) =>
    `mysql://${login}@${host}:${to.port}/latchkey${parameters === '' ? '' : `?${parameters}`}`;

  // MySQL caches successful password checks and then needs less. Each check must be a full one.
  beforeEach(() => server.admin.query('FLUSH PRIVILEGES'));

  it('takes a password over a socket', async () => {
    const database = await open(
      `mysql://${login}@localhost/latchkey?socketPath=${encodeURIComponent(server.socketPath)}`,
    );
    expect(await cipherOf(database)).toBe('');
  });

  it('takes a password over TCP, which it never sends as it is', async () => {
    expect(await cipherOf(await open(overTcp()))).toBe('');
  });

  it.each([
    ['verify, when the certificate names the host', () => overTcp(`tls=verify&${authority()}`)],
    ['verify, when only ca is said', () => overTcp(authority())],
    ['verify-ca, for an address', () => overTcp(`tls=verify-ca&${authority()}`, '127.0.0.1')],
    [
      'verify-ca, when the certificate names another',
      () => overTcp(`tls=verify-ca&${authority()}`, 'localhost', impostor),
    ],
    ['insecure, whatever the certificate', () => overTcp('tls=insecure', 'localhost', impostor)],
  ])('is encrypted by tls=%s', async (_, url) => {
    expect(await cipherOf(await open(url()))).not.toBe('');
  });

  it.each([
    [
      'verify, when the certificate names another host',
      () => overTcp(`tls=verify&${authority()}`, 'localhost', impostor),
    ],
    ['verify, when no known authority has signed the certificate', () => overTcp('tls=verify')],
    [
      'verify-ca, when another authority has signed it',
      () => overTcp(`tls=verify-ca&ca=${encodeURIComponent(join(folder, 'elsewhere.pem'))}`),
    ],
  ])('is refused by tls=%s', async (_, url) => {
    const failure: unknown = await open(url()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UnavailableError);
    expect((failure as UnavailableError).detail).toMatch(/certificate/);
  });

  it('that the server has closed while it was idle is replaced without an error', async () => {
    const database = await open(overTcp());
    const ask = () => Promise.all(Array.from({ length: 5 }, () => database.reachability()));
    expect(new Set(await ask())).toEqual(new Set(['reachable']));
    await killConnections(server.admin);
    await sleep(1_500);
    expect(new Set(await ask())).toEqual(new Set(['reachable']));
  });

  it('that the server refuses for any reason is an outage, and no error of the client', async () => {
    const database = await open(overTcp());
    await server.admin.query(`ALTER USER ${USER} ACCOUNT LOCK`);
    try {
      await killConnections(server.admin);
      // The first may still be sent on the connection that was killed.
      await eventually('a new connection is refused', async () => {
        const refused: unknown = await cipherOf(database).catch((error: unknown) => error);
        expect(refused).toBeInstanceOf(UnavailableError);
        return String((refused as UnavailableError).cause).includes('locked');
      });
    } finally {
      await server.admin.query(`ALTER USER ${USER} ACCOUNT UNLOCK`);
    }
    expect(await cipherOf(database)).toBe('');
  });
});

const login = `client:${encodeURIComponent(PASSWORD)}`;

interface ReachableServer {
  readonly socketPath: string;
  readonly port: number;
  readonly admin: Connection;
  destroy(): Promise<void>;
}

/** A server on TCP with a certificate and a user with a password, as in production. */
async function startReachable(folder: string, certificate: string): Promise<ReachableServer> {
  const port = await freePort();
  const server: StoppableServer = await startServer([
    '--skip-networking=OFF',
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    `--ssl-cert=${join(folder, certificate)}`,
    `--ssl-key=${join(folder, 'server.key.pem')}`,
  ]);
  const admin = await server.connect();
  await admin.query(`CREATE USER ${USER} IDENTIFIED BY ?`, [PASSWORD]);
  await admin.query(`GRANT ALL PRIVILEGES ON latchkey.* TO ${USER}`);
  return {
    socketPath: server.socketPath,
    port,
    admin,
    destroy: async () => {
      await admin.end();
      await server.destroy();
    },
  };
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => listener.once('listening', done));
  const { port } = listener.address() as AddressInfo;
  await new Promise((done) => listener.close(done));
  return port;
}

async function cipherOf(database: Database): Promise<string> {
  const [row] = await database.read((manager) => manager.query<{ Value: string }[]>("SHOW STATUS LIKE 'Ssl_cipher'"));
  return row?.Value ?? 'the server did not say';
}

async function killConnections(admin: Connection): Promise<void> {
  const [rows] = await admin.query<RowDataPacket[]>(
    "SELECT id AS thread FROM information_schema.processlist WHERE user = 'client'",
  );
  for (const row of rows) {
    // It may have ended in the meantime.
    await admin.query(`KILL ${Number(row.thread)}`).catch(() => undefined);
  }
}
