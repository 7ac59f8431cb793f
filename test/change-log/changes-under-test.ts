import { idToHex, type OrganizationId } from '../../src/common/prefixed-id.js';
import { OrganizationsService } from '../../src/organizations/organizations.service.js';
import { KEYS, type MadeKey, send } from '../support/api-client.js';
import type { SeededDatabase } from '../support/fixtures.js';
import { TestApp } from '../support/test-app.js';

/** A new organization, so that cases that run side by side share no row. */
export interface Subject {
  readonly organizationId: OrganizationId;
  /** Makes the change. */
  readonly caller: MadeKey;
  /** Is changed. */
  readonly target: MadeKey;
  /** Revokes both on another instance. */
  readonly revoker: MadeKey;
}

export async function createSubject(seeded: SeededDatabase): Promise<Subject> {
  const organizationId = await seeded.createOrganization();
  const [caller, target, revoker] = await seeded.createKeys(3, organizationId);
  if (caller === undefined || target === undefined || revoker === undefined) {
    throw new Error('no keys');
  }
  return { organizationId, caller, target, revoker };
}

/**
 * Whether a transaction with these statements changes the subject. Counts of its requests are no
 * changes.
 */
export function concerns({ organizationId, caller, target }: Subject, statements: readonly string[]): boolean {
  if (statements[1]?.startsWith('INSERT INTO settings') === true) {
    return false;
  }
  const ids = [idToHex('org_', organizationId), idToHex('api_key_', caller.id), idToHex('api_key_', target.id)];
  return statements.some((statement) => ids.some((id) => statement.toLowerCase().includes(id)));
}

/** Whether a transaction with these statements deletes the key. */
export function deletesKey({ id }: MadeKey, statements: readonly string[]): boolean {
  const hex = idToHex('api_key_', id);
  return statements.some((sql) => sql.includes('UPDATE `api_keys` SET') && sql.toLowerCase().includes(hex));
}

/** The changes that write to the change log, as an instance makes them. */
export const OPERATIONS = {
  create: ({ url }: Pick<TestApp, 'url'>, { caller }: Subject) =>
    send(url, 'POST', KEYS, { secret: caller.secret, body: { label: 'New' } }),
  update: ({ url }: Pick<TestApp, 'url'>, { caller, target }: Subject) =>
    send(url, 'PUT', `${KEYS}/${target.id}`, {
      secret: caller.secret,
      body: { label: 'Narrow', ip_allow_list: ['192.0.2.1'] },
    }),
  delete: ({ url }: Pick<TestApp, 'url'>, { caller, target }: Subject) =>
    send(url, 'DELETE', `${KEYS}/${target.id}`, { secret: caller.secret }),
  deactivate: ({ app }: Pick<TestApp, 'app'>, { organizationId }: Subject) =>
    app.get(OrganizationsService).deactivate(organizationId),
} as const;

export type Operation = keyof typeof OPERATIONS;
