import type { RowDataPacket } from 'mysql2/promise';
import { KEYS, send } from '../support/api-client.js';
import { bytesOf, seedDatabase, type SeededDatabase } from '../support/fixtures.js';
import { TestApp } from '../support/test-app.js';
import { runCli, TestProcess } from '../support/test-process.js';
import { MysqlProxy } from '../support/mysql-proxy.js';
import type { StatementAction } from '../support/mysql-proxy-rules.js';
import { eventually } from '../support/eventually.js';
import { createSubject, deletesKey, type Subject } from './changes-under-test.js';

/** Longer than the server lets a transaction idle. */
const PATIENCE_MS = 15_000;

describe('a change whose COMMIT is not acknowledged', () => {
  let seeded: SeededDatabase;
  let proxy: MysqlProxy;
  let latchkey: TestApp;
  let subject: Subject;

  beforeAll(async () => {
    seeded = await seedDatabase();
    proxy = await MysqlProxy.open();
    latchkey = await TestApp.start({ database: proxy.url(seeded.schema.name) });
  });

  afterAll(async () => {
    await latchkey.close();
    await proxy.close();
    await seeded.end();
  });

  beforeEach(async () => {
    proxy.set('open');
    proxy.rule = () => 'passes';
    subject = await createSubject(seeded);
  });

  const query = async (sql: string, values: unknown[]) =>
    (await seeded.schema.connection.query<RowDataPacket[]>(sql, values))[0];

  const entries = async () =>
    (await query('SELECT id FROM key_changes WHERE key_id = ? ORDER BY id', [bytesOf(subject.target)])).length;

  const isDeleted = async () =>
    (await query('SELECT deleted_at FROM api_keys WHERE id = ?', [bytesOf(subject.target)]))[0]?.deleted_at !== null;

  /** Lets the COMMIT of the deletion meet this, once. */
  const onCommit = (fault: StatementAction, then: () => void = () => undefined) => {
    proxy.rule = (statements) => {
      if (statements.at(-1) !== 'COMMIT' || !deletesKey(subject.target, statements)) {
        return 'passes';
      }
      proxy.rule = () => 'passes';
      then();
      return fault;
    };
  };

  const remove = async (url = latchkey.url) =>
    (await send(url, 'DELETE', `${KEYS}/${subject.target.id}`, { secret: subject.caller.secret })).status;

  it('is written to the change log again, when it took place', async () => {
    onCommit('lost after');
    expect(await remove()).toBe(503);
    await eventually('there is a second entry', async () => (await entries()) === 2);
    expect(await isDeleted()).toBe(true);
  });

  it('is written to the change log even if it never took place: that is not known', async () => {
    onCommit('lost before');
    expect(await remove()).toBe(503);
    await eventually('there are entries', async () => (await entries()) > 0);
    expect(await isDeleted()).toBe(false);
  });

  it('is written again only once its transaction has ended: what is read before that is the state before it', async () => {
    onCommit('lost');
    expect(await remove()).toBe(503);
    await eventually('there are entries', async () => (await entries()) > 0, PATIENCE_MS);
    await expect(
      query('SELECT id FROM api_keys WHERE id = ? FOR UPDATE NOWAIT', [bytesOf(subject.target)]),
    ).resolves.toHaveLength(1);
    expect(await isDeleted()).toBe(false);
  }, 30_000);

  it('is written again until that is acknowledged', async () => {
    const isAgain = (statements: readonly string[]) => statements.some((sql) => sql.includes('FOR UPDATE NOWAIT'));
    let unacknowledged = 3;
    onCommit('lost after', () => {
      proxy.rule = (statements) => {
        if (statements.at(-1) !== 'COMMIT' || !isAgain(statements) || unacknowledged === 0) {
          return 'passes';
        }
        unacknowledged -= 1;
        return 'lost before';
      };
    });
    expect(await remove()).toBe(503);
    await eventually('an entry was acknowledged', async () => unacknowledged === 0 && (await entries()) > 1);
  });

  it('is written again after an outage of the database that followed it', async () => {
    onCommit('lost after', () => {
      setTimeout(() => {
        proxy.set('closed');
      });
    });
    expect(await remove()).toBe(503);
    expect(await entries()).toBe(1);
    proxy.set('open');
    await eventually('there is a second entry', async () => (await entries()) === 2);
  });

  it('is in the log of a process that stops before it could be written again', async () => {
    const instance = await TestProcess.start({ database: proxy.url(seeded.schema.name), keepAlive: true });
    onCommit('lost before', () => {
      setTimeout(() => {
        proxy.set('closed');
      });
    });
    expect(await remove(instance.url)).toBe(503);
    expect(await instance.stop()).toBe(0);
    expect(instance.stdout).toContain(
      `the second change-log entries were not written before the stop: ${subject.target.id}`,
    );
  }, 30_000);

  it('is written again by the command line, before it ends', async () => {
    const { organizationId } = subject;
    proxy.rule = (statements) =>
      statements.at(-1) === 'COMMIT' && statements.some((sql) => sql.startsWith('UPDATE `organizations`'))
        ? 'lost after'
        : 'passes';
    const { code } = await runCli(proxy.url(seeded.schema.name), ['deactivate-organization', organizationId]);
    expect(code).toBe(1);
    const rows = await query(
      'SELECT c.id FROM key_changes c JOIN api_keys k ON k.organization_id = c.organization_id WHERE k.id = ? AND c.key_id IS NULL',
      [bytesOf(subject.target)],
    );
    expect(rows).toHaveLength(2);
  }, 30_000);
});
