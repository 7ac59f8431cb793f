import type { EntityManager } from 'typeorm';
import { parseMysqlDateTime, type MysqlDateTime } from '../common/mysql-datetime.js';

/** The database's time, UTC, to the second. */
export async function utcNow(manager: EntityManager): Promise<MysqlDateTime> {
  const [row] = await manager.query<{ now: string }[]>('SELECT UTC_TIMESTAMP() AS now');
  const now = parseMysqlDateTime(row?.now ?? '');
  if (now === null) {
    throw new TypeError('the server did not say what time it is');
  }
  return now;
}
