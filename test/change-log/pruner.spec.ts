import { Logger } from '@nestjs/common';
import { BackgroundTasks } from '../../src/background/background-tasks.js';
import { ChangeLogPruner } from '../../src/change-log/change-log-pruner.js';
import { Migrator } from '../../src/database/migrator.js';
import type { Database } from '../../src/database/database.js';
import { openDatabase } from '../support/open-database.js';
import { createSchema, type TestSchema } from '../support/schema.js';

describe('the pruner of the change log', () => {
  let schema: TestSchema;
  let database: Database;
  beforeEach(async () => {
    Logger.overrideLogger(false);
    schema = await createSchema();
    database = await openDatabase(schema.url);
    await new Migrator(database).up();
  });
  afterEach(async () => {
    await database.close();
    await schema.drop();
  });

  const insertMarks = (count: number, age: string) =>
    schema.connection.query('INSERT INTO key_changes (organization_id, created_at) VALUES ?', [
      Array.from({ length: count }, () => [Buffer.alloc(16), age]),
    ]);
  const timeAgo = async (interval: string): Promise<string> => {
    const [rows] = await schema.connection.query(`SELECT UTC_TIMESTAMP(3) - INTERVAL ${interval} AS moment`);
    return (rows as { moment: string }[])[0]?.moment ?? '';
  };
  const idsLeft = async (): Promise<number[]> => {
    const [rows] = await schema.connection.query('SELECT id FROM key_changes ORDER BY id');
    return (rows as { id: number }[]).map(({ id }) => id);
  };

  it('are removed an hour after, in small steps; the newest of the old ones stays, because an instance may be at it', async () => {
    await insertMarks(2_500, await timeAgo('61 MINUTE'));
    await insertMarks(10, await timeAgo('59 MINUTE'));
    const pruner = new ChangeLogPruner(database, new BackgroundTasks());
    expect(await pruner.prune()).toBe(2_499);
    expect(await idsLeft()).toEqual(Array.from({ length: 11 }, (_, place) => 2_500 + place));
    expect(await pruner.prune()).toBe(0);
  }, 30_000);

  it('never lose the newest, however old', async () => {
    const pruner = new ChangeLogPruner(database, new BackgroundTasks());
    expect(await pruner.prune()).toBe(0);
    await insertMarks(3, await timeAgo('3 DAY'));
    expect(await pruner.prune()).toBe(2);
    expect(await idsLeft()).toEqual([3]);
  });

  it('are pruned by several at once without harm, and none waits for a stop', async () => {
    await insertMarks(3_000, await timeAgo('2 HOUR'));
    const tasks = new BackgroundTasks();
    const pruners = [1, 2, 3].map(() => new ChangeLogPruner(database, tasks));
    await Promise.allSettled(pruners.map((pruner) => pruner.prune()));
    await pruners[0]?.prune();
    expect(await idsLeft()).toEqual([3_000]);
    await tasks.start();
    await tasks.onApplicationShutdown();
  }, 30_000);
});
