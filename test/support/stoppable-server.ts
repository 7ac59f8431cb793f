import { rmSync } from 'node:fs';
import { createConnection, type Connection } from 'mysql2/promise';
import { makePrivateDatabase, quietly } from './private-servers.js';

const USER = 'latchkey';
const NEVER = new AbortController().signal;

const SET_UP = [
  `CREATE DATABASE IF NOT EXISTS ${USER} CHARACTER SET utf8mb4;`,
  `CREATE USER IF NOT EXISTS ${USER}@localhost;`,
  `GRANT ALL PRIVILEGES ON ${USER}.* TO ${USER}@localhost;`,
];

/** Nothing but the process of the server is stopped here, so the disk need not be waited for. */
const OPTIONS = [
  '--innodb-flush-log-at-trx-commit=2',
  '--innodb-flush-method=nosync',
  '--innodb-doublewrite=0',
  '--innodb-buffer-pool-size=32M',
];

/** A private database server that a test may stop, starve and set to read-only. Either program. */
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

/** @param more options of the server program */
export async function startServer(more: readonly string[] = []): Promise<StoppableServer> {
  const { database, folder } = await makePrivateDatabase([...OPTIONS, ...more], SET_UP);
  const destroy = async () => {
    await quietly(() => database.destroy());
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await quietly(() => database.join(NEVER));
  } catch (error) {
    await destroy();
    throw error;
  }
  const socketPath = new URL(database.url('root')).searchParams.get('socketPath') ?? '';
  return {
    socketPath,
    stop: () => quietly(() => database.leave()),
    start: () => quietly(() => database.join(NEVER)),
    connect: () => createConnection({ socketPath, user: 'root' }),
    destroy,
  };
}

/** The URL of the service's schema through this socket. Its user is not an administrator. */
export function schemaUrl(socketPath: string): string {
  return `mysql://${USER}@localhost/${USER}?socketPath=${encodeURIComponent(socketPath)}`;
}
