import { join } from 'node:path';
import { dataFolder } from '../project.mjs';
import { PrivateDatabase } from './private-database.mjs';

const NAME = 'latchkey';

/** No password: only who may enter the server's folder reaches it. */
const SET_UP = [
  `CREATE DATABASE IF NOT EXISTS ${NAME} CHARACTER SET utf8mb4;`,
  `CREATE USER IF NOT EXISTS ${NAME}@localhost;`,
  `GRANT ALL PRIVILEGES ON ${NAME}.* TO ${NAME}@localhost;`,
];

/**
 * Does something with the service's database: the one that `DATABASE_URL` names, else a private one that is there as
 * long as somebody uses it.
 *
 * @template T
 * @param {AbortSignal} stop
 * @param {(url: string) => Promise<T>} use
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
