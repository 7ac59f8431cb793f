import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createConnection, type Connection } from 'mysql2/promise';

/** What we use of the private server of the scripts. */
interface PrivateDatabase {
  url(user: string): string;
  join(stop: AbortSignal): Promise<void>;
  leave(): Promise<void>;
  destroy(): Promise<void>;
}

type PrivateDatabaseClass = new (
  folder: string,
  traits: { readonly variable: string; readonly setUp: readonly string[]; readonly options: readonly string[] },
) => PrivateDatabase;

const USER = 'latchkey';
const NEVER = new AbortController().signal;

const SET_UP = [
  `CREATE DATABASE IF NOT EXISTS ${USER} CHARACTER SET utf8mb4;`,
  `CREATE USER IF NOT EXISTS ${USER}@localhost;`,
  `GRANT ALL PRIVILEGES ON ${USER}.* TO ${USER}@localhost;`,
];

/** Nothing but the process of the server is stopped here, so the disk need not be waited for. */
const OPTIONS = ['--innodb-flush-log-at-trx-commit=2', '--innodb-doublewrite=0', '--innodb-buffer-pool-size=32M'];

/** A database server of the test's own, which it may stop, starve and set to read-only. Whichever program is on the machine. */
export interface StoppableServer {
  /** Where it listens. */
  readonly socketPath: string;
  /** Ends it in order and waits for its end. */
  stop(): Promise<void>;
  /** Starts it again, on the same data; resolves when it lets clients in. */
  start(): Promise<void>;
  /** A connection of its administrator. */
  connect(): Promise<Connection>;
  /** Ends it and removes its data. */
  destroy(): Promise<void>;
}

export async function startServer(): Promise<StoppableServer> {
  const folder = mkdtempSync('/tmp/latchkey-faults-');
  // The server runs as a user without rights, who must be able to get there.
  chmodSync(folder, 0o755);
  const Private = await privateDatabaseClass();
  const database = new Private(join(folder, 'database'), {
    variable: 'TEST_DATABASE_URL',
    setUp: SET_UP,
    options: OPTIONS,
  });
  await quietly(() => database.join(NEVER));
  const socketPath = new URL(database.url('root')).searchParams.get('socketPath') ?? '';
  return {
    socketPath,
    stop: () => quietly(() => database.leave()),
    start: () => quietly(() => database.join(NEVER)),
    connect: () => createConnection({ socketPath, user: 'root' }),
    destroy: async () => {
      await quietly(() => database.destroy());
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The URL of the service's schema on a server that is reached by this socket; its user is no administrator. */
export function schemaUrl(socketPath: string): string {
  return `mysql://${USER}@localhost/${USER}?socketPath=${encodeURIComponent(socketPath)}`;
}

async function privateDatabaseClass(): Promise<PrivateDatabaseClass> {
  const path = resolve('scripts/support/database/private-database.mjs');
  const module = (await import(pathToFileURL(path).href)) as { readonly PrivateDatabase: PrivateDatabaseClass };
  return module.PrivateDatabase;
}

/** The scripts tell whoever waits what they do. Here nobody reads it. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = () => true;
  try {
    return await work();
  } finally {
    process.stdout.write = write;
  }
}
