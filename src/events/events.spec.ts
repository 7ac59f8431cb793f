import type { MysqlDateTime } from '../common/mysql-datetime.js';
import { newId } from '../common/prefixed-id.js';
import type { Transaction } from '../database/transaction.js';
import { parseIpAddress } from '../common/net/ip-address.js';
import { actorOf, operatorActor, SYSTEM_ACTOR } from './actor.js';
import { apiKeyCreated, apiKeyDeleted, apiKeyUpdated, type ChangeEvent } from './event.js';
import type { EventSubscriber } from './event-subscriber.js';
import { Events } from './events.js';

const TRANSACTION = {} as Transaction;
const KEY = {
  id: newId('api_key_'),
  organizationId: newId('org_'),
  label: 'Key',
  description: null,
  scopes: ['products.read'],
  ipAllowList: ['10.0.0.0/8'],
  expiresAt: null,
  disabledAt: null,
  deletedAt: null,
  updatedAt: null,
};
const LATER = '2026-01-01 00:00:00' as MysqlDateTime;
const actor = operatorActor(newId('req_'));
const renamed = apiKeyUpdated({ actor, before: KEY, after: { ...KEY, label: 'New', updatedAt: LATER } });
const saved = apiKeyUpdated({ actor, before: KEY, after: { ...KEY, updatedAt: LATER } });
const deleted = apiKeyDeleted({ actor, before: KEY, after: { ...KEY, deletedAt: LATER } });

class Recorder implements EventSubscriber {
  readonly recorded: (readonly ChangeEvent[])[] = [];
  readonly unchanged: (readonly ChangeEvent[])[] = [];

  async record(_: Transaction, events: readonly ChangeEvent[]): Promise<void> {
    await Promise.resolve();
    this.recorded.push(events);
  }

  recordUnchanged(_: Transaction, events: readonly ChangeEvent[]): void {
    this.unchanged.push(events);
  }
}

describe('Events', () => {
  it('hands an event to every subscriber, and waits for each', async () => {
    const subscribers = [new Recorder(), new Recorder()];
    await new Events(subscribers).record(TRANSACTION, renamed);
    expect(subscribers.map(({ recorded }) => recorded)).toEqual([[[renamed]], [[renamed]]]);
  });

  it('hands many events over at once, in their order', async () => {
    const subscriber = new Recorder();
    await new Events([subscriber]).recordAll(TRANSACTION, [renamed, deleted]);
    expect(subscriber.recorded).toEqual([[renamed, deleted]]);
  });

  it('records no event without a change', async () => {
    const subscriber = new Recorder();
    const events = new Events([subscriber]);
    await events.record(TRANSACTION, saved);
    expect(subscriber.recorded).toEqual([]);
    expect(subscriber.unchanged).toEqual([[saved]]);
    await events.recordAll(TRANSACTION, [saved, deleted]);
    expect(subscriber.recorded).toEqual([[deleted]]);
    await events.recordAll(TRANSACTION, []);
    expect(subscriber.recorded).toHaveLength(1);
  });

  it('fails with a subscriber that fails, so that the transaction is rolled back', async () => {
    const failing: EventSubscriber = { record: () => Promise.reject(new RangeError('full')) };
    const next = new Recorder();
    await expect(new Events([failing, next]).record(TRANSACTION, renamed)).rejects.toThrow('full');
    expect(next.recorded).toEqual([]);
  });
});

describe('an event', () => {
  it('keeps the fields that can change, and nothing else that a row holds', () => {
    const row = { ...KEY, secretHash: 'hash', secret: 'sk_live_x', revision: 7 };
    expect(Object.keys(apiKeyCreated({ actor, after: row }).after)).toEqual(
      Object.keys(KEY).filter((field) => field !== 'id' && field !== 'organizationId'),
    );
    expect(JSON.stringify(apiKeyUpdated({ actor, before: row, after: row }))).not.toMatch(/hash|sk_live|revision/);
  });

  it('does not change with the row', () => {
    const row = { ...KEY, scopes: [...KEY.scopes], label: 'Old' };
    const { after } = apiKeyCreated({ actor, after: row });
    row.scopes.push('products.delete');
    row.label = 'New';
    expect(after).toMatchObject({ label: 'Old', scopes: ['products.read'] });
  });
});

describe('the actor of an event', () => {
  const requestId = newId('req_');
  const { id: keyId, organizationId } = KEY;

  it('is the key, its request and its address in canonical form', () => {
    const address = parseIpAddress('2001:DB8:0::1');
    const caller = { kind: 'key', keyId, organizationId, address, requestId, record: {} as never } as const;
    expect(actorOf(caller)).toEqual({ kind: 'key', keyId, requestId, address: '2001:db8::1' });
    expect(actorOf({ ...caller, address: null })).toMatchObject({ address: null });
  });

  it('is the operator and the request, or the system', () => {
    expect(actorOf({ kind: 'operator', organizationId, requestId })).toEqual({
      kind: 'operator',
      requestId,
      address: null,
    });
    expect(SYSTEM_ACTOR).toEqual({ kind: 'system', requestId: null, address: null });
  });
});
