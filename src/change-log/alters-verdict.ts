import type { ChangeEvent } from '../events/event.js';
import { changedFields, type ApiKeySnapshot } from '../events/snapshots.js';

/**
 * Whether a change to the field can alter neither a verdict nor what a verification returns. A new
 * field does not compile until it is decided here. When in doubt: false, because true delays the
 * change by up to 60 s on the other instances.
 */
const CANNOT_ALTER_VERDICT: Readonly<Record<keyof ApiKeySnapshot, boolean>> = {
  label: true,
  description: true,
  updatedAt: true,
  scopes: false,
  ipAllowList: false,
  expiresAt: false,
  disabledAt: false,
  deletedAt: false,
};

/** Whether a verdict after the event can differ from one before it. */
export function altersVerdict(event: ChangeEvent): boolean {
  switch (event.kind) {
    case 'api_key.created':
    case 'api_key.deleted':
    case 'secret.recovered':
    case 'organization.deactivated':
    case 'organization.reactivated':
      return true;
    case 'organization.created':
      return false;
    case 'api_key.updated':
      // A field that the table does not name counts as altering, whatever the types say.
      return changedFields(event.before, event.after).some((field) => !CANNOT_ALTER_VERDICT[field]);
    default:
      return event satisfies never;
  }
}
