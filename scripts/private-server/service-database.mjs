import { join } from 'node:path';
import { dataFolder } from '../support/project.mjs';
import { PrivateDatabase } from './private-database.mjs';

const NAME = 'latchkey';

/** No password: only a user that can enter the server's folder reaches its socket. */
const SET_UP = [
  `CREATE DATABASE IF NOT EXISTS ${NAME} CHARACTER SET utf8mb4;`,
  `CREATE USER IF NOT EXISTS ${NAME}@localhost;`,
  `GRANT ALL PRIVILEGES ON ${NAME}.* TO ${NAME}@localhost;`,
];

/**
 * Runs `use` with the service's database: the one of `DATABASE_URL`, or a private server, which
 * runs as long as a process uses it.
 *
 * @template T
 * @param {AbortSignal} stop
 * @param {(url: string) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withServiceDatabase(stop, use) {
  if (process.env.DATABASE_URL) return use(process.env.DATABASE_URL);
  const database = new PrivateDatabase(join(dataFolder(), 'database'), { variable: 'DATABASE_URL', setUp: SET_UP });
  await database.join(stop);
  try {
    return await use(database.url(NAME, NAME));
  } finally {
    await database.leave();
  }
}
