import fc from 'fast-check';
import { newId } from '../common/prefixed-id.js';
import type { MysqlDateTime } from '../common/mysql-datetime.js';
import { SYSTEM_ACTOR } from '../events/actor.js';
import * as events from '../events/event.js';
import type { ApiKeySnapshot } from '../events/snapshots.js';
import { altersVerdict } from './alters-verdict.js';

const BEFORE: ApiKeySnapshot = {
  label: 'Before',
  description: null,
  scopes: ['products.read'],
  ipAllowList: [],
  expiresAt: null,
  disabledAt: null,
  deletedAt: null,
  updatedAt: null,
};
const MOMENT = '2026-01-01 00:00:00' as MysqlDateTime;
const AFTER: ApiKeySnapshot = {
  label: 'After',
  description: 'Described',
  scopes: [],
  ipAllowList: ['10.0.0.0/8'],
  expiresAt: MOMENT,
  disabledAt: MOMENT,
  deletedAt: MOMENT,
  updatedAt: MOMENT,
};
const FIELDS = Object.keys(BEFORE) as (keyof ApiKeySnapshot)[];
/**
 * The only fields that cannot alter a verdict. Written here again, so that the list does not grow
 * unnoticed.
 */
const HARMLESS: readonly string[] = ['label', 'description', 'updatedAt'];

const actor = SYSTEM_ACTOR;
const ids = { id: newId('api_key_'), organizationId: newId('org_') };
const updated = (before: ApiKeySnapshot, after: ApiKeySnapshot) =>
  events.apiKeyUpdated({ actor, before: { ...ids, ...before }, after: { ...ids, ...after } });

describe('altersVerdict', () => {
  it('is true for an update if, and only if, a field outside label, description and updatedAt changes', () => {
    fc.assert(
      fc.property(fc.subarray(FIELDS), fc.boolean(), (changed, isReversed) => {
        const after = { ...BEFORE, ...Object.fromEntries(changed.map((field) => [field, AFTER[field]])) };
        const event = isReversed ? updated(after, BEFORE) : updated(BEFORE, after);
        expect(altersVerdict(event)).toBe(changed.some((field) => !HARMLESS.includes(field)));
      }),
      { numRuns: 2 ** (FIELDS.length + 2) },
    );
  });

  it('is true for an update of a field that it does not know', () => {
    const event = updated(BEFORE, BEFORE);
    const after = { ...event.after, rateLimit: 5 };
    expect(altersVerdict({ ...event, after })).toBe(true);
    expect(altersVerdict({ ...event, before: after })).toBe(true);
  });

  it('is false for an update that changes nothing', () => {
    expect(altersVerdict(updated(BEFORE, BEFORE))).toBe(false);
  });

  it('is true for what creates, deletes or recovers, and for an organization that starts or stops', () => {
    const key = { ...ids, ...BEFORE };
    const organization = { id: ids.organizationId, name: 'Acme', deactivatedAt: null, updatedAt: null };
    const versions = { before: { pepperVersion: null }, after: { pepperVersion: 1 } };
    const change = { actor, before: organization, after: organization };
    expect(
      [
        events.apiKeyCreated({ actor, after: key }),
        events.apiKeyDeleted({ actor, before: key, after: key }),
        events.secretRecovered({ actor, organizationId: ids.organizationId, keyId: ids.id, ...versions }),
        events.organizationDeactivated(change),
        events.organizationReactivated(change),
      ].map(altersVerdict),
    ).toEqual([true, true, true, true, true]);
  });

  it('is false for a new organization, which has no keys', () => {
    const after = { id: ids.organizationId, name: 'Acme', deactivatedAt: null, updatedAt: null };
    expect(altersVerdict(events.organizationCreated({ actor, after }))).toBe(false);
  });
});
