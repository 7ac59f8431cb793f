import { ChangeLog } from '../../src/change-log/change-log.js';
import { ChangeLogSubscriber } from '../../src/change-log/change-log.subscriber.js';
import type { ApiKeyId } from '../../src/common/prefixed-id.js';
import { UnavailableError } from '../../src/common/unavailable-error.js';
import { CommitUnknownError } from '../../src/database/database-errors.js';
import { Database } from '../../src/database/database.js';
import type { Transaction } from '../../src/database/transaction.js';
import { SYSTEM_ACTOR } from '../../src/events/actor.js';
import { secretRecovered } from '../../src/events/event.js';
import type { EventSubscriber } from '../../src/events/event-subscriber.js';
import { Events } from '../../src/events/events.js';
import { KEYS, send } from '../support/api-client.js';
import { TestApp } from '../support/test-app.js';
import { recordQueries } from '../support/query-log.js';
import { OPERATIONS, type Subject } from './changes-under-test.js';

/** Longer than a transaction may take. */
const STANDSTILL_MS = 3_000;

describe('the change-log entry of a transaction', () => {
  let latchkey: TestApp;
  let subject: Subject;

  beforeAll(async () => {
    latchkey = await TestApp.start();
  });

  afterAll(() => latchkey.close());

  beforeEach(async () => {
    const organizationId = await latchkey.createOrganization();
    const [caller, target, revoker] = await Promise.all([1, 2, 3].map(() => latchkey.createKey(organizationId)));
    if (caller === undefined || target === undefined || revoker === undefined) {
      throw new Error('no keys');
    }
    subject = { organizationId, caller, target, revoker };
    // So that nothing but the change reaches the server below.
    await send(latchkey.url, 'GET', `${KEYS}/current`, { secret: caller.secret });
  });

  const transact = (work: (transaction: Transaction, changeLog: ChangeLog) => Promise<unknown>) =>
    latchkey.app.get(Database).transaction((transaction) => work(transaction, latchkey.app.get(ChangeLog)));

  async function statementsOf(act: () => Promise<unknown>): Promise<string[]> {
    const statements = await recordQueries(latchkey, act);
    const begun = statements.indexOf('START TRANSACTION');
    return statements.slice(begun, statements.indexOf('COMMIT', begun) + 1).map((sql) => sql.replace(/\s+/g, ' '));
  }

  async function entries(): Promise<unknown[]> {
    const [rows] = await latchkey.schema.connection.query('SELECT id FROM key_changes');
    return rows as unknown[];
  }

  const expectLast = (statements: readonly string[]) => {
    expect(statements.slice(-2)).toEqual([expect.stringMatching(/^INSERT INTO key_changes /), 'COMMIT']);
    expect(statements.filter((sql) => sql.includes('key_changes'))).toHaveLength(1);
  };

  it.each(['create', 'update', 'delete', 'deactivate'] as const)(
    'is its last statement before COMMIT: %s',
    async (name) => {
      expectLast(await statementsOf(() => OPERATIONS[name](latchkey, subject)));
    },
  );

  it('is its last statement whatever a service does after it has added the change', async () => {
    const { organizationId } = subject;
    const statements = await statementsOf(() =>
      transact(async (transaction, changeLog) => {
        changeLog.record(transaction, { organizationId });
        await transaction.manager.query('UPDATE organizations SET updated_at = UTC_TIMESTAMP()');
        await transaction.now();
      }),
    );
    expectLast(statements);
    expect(statements).toHaveLength(5);
  });

  it('is its last statement whichever subscribers follow the change log', async () => {
    const { organizationId, target } = subject;
    const next: EventSubscriber = {
      record: async ({ manager }) => {
        await manager.query('UPDATE organizations SET updated_at = UTC_TIMESTAMP()');
      },
    };
    const events = new Events([latchkey.app.get(ChangeLogSubscriber), next]);
    const versions = { before: { pepperVersion: null }, after: { pepperVersion: 1 } };
    const event = secretRecovered({ actor: SYSTEM_ACTOR, organizationId, keyId: target.id as ApiKeyId, ...versions });
    const statements = await statementsOf(() => transact((transaction) => events.record(transaction, event)));
    expectLast(statements);
    expect(statements).toHaveLength(4);
  });

  it('is one statement, however many changes there are', async () => {
    const { organizationId } = subject;
    const before = (await entries()).length;
    const statements = await statementsOf(() =>
      transact(async (transaction, changeLog) => {
        await transaction.now();
        changeLog.record(transaction, { organizationId });
        changeLog.record(transaction, { organizationId });
      }),
    );
    expectLast(statements);
    expect(await entries()).toHaveLength(before + 2);
  });

  it('cannot be added once the work has ended: nothing would write it', async () => {
    const { organizationId } = subject;
    const ended: Transaction[] = [];
    await transact(async (transaction, changeLog) => {
      changeLog.record(transaction, { organizationId });
      await transaction.now();
      ended.push(transaction);
    });
    for (const transaction of ended) {
      expect(() => {
        latchkey.app.get(ChangeLog).record(transaction, { organizationId });
      }).toThrow('one final statement');
    }
    expect(ended).toHaveLength(1);
  });

  it('excludes another final statement, which would come after it', async () => {
    const { organizationId } = subject;
    const before = (await entries()).length;
    const work = transact((transaction, changeLog) => {
      changeLog.record(transaction, { organizationId });
      transaction.beforeCommit(() => transaction.now());
      return Promise.resolve();
    });
    await expect(work).rejects.toThrow('one final statement');
    expect(await entries()).toHaveLength(before);
  });

  it('is rolled back when the process stands still between it and COMMIT', async () => {
    const name = `standstill ${subject.organizationId}`;
    const work = latchkey.app.get(Database).transaction((transaction) => {
      transaction.beforeCommit(async () => {
        await transaction.serialize(name);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STANDSTILL_MS);
      });
      return Promise.resolve();
    });
    const failure: unknown = await work.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UnavailableError);
    expect(failure).not.toBeInstanceOf(CommitUnknownError);
    const [rows] = await latchkey.schema.connection.query('SELECT name FROM settings WHERE name = ?', [
      `alone.${name}`,
    ]);
    expect(rows).toEqual([]);
  });
});
