/** Every scope there is, with the line that documents it. The order is fixed: a scope's place is its bit in a `ScopeSet`. */
export const SCOPE_DESCRIPTIONS = {
  'invoices.create': 'Create invoices',
  'invoices.update': 'Change invoices',
  'invoices.read': 'List and read invoices',
  'payments.create': 'Create payments',
  'payments.update': 'Change payments',
  'payments.read': 'List and read payments',
  'products.create': 'Create products',
  'products.read': 'List and read products',
  'products.update': 'Change products',
  'products.delete': 'Delete products',
  'api_keys.create': 'Create API keys, none stronger than the creating key',
  'api_keys.update': 'Change API keys, none stronger than the changing key',
  'api_keys.delete': 'Delete API keys',
  'api_keys.read': 'List and read API keys; secrets are masked',
  'webhooks.create': 'Create webhooks',
  'webhooks.read': 'List and read webhooks',
  'webhooks.update': 'Change webhooks',
  'webhooks.delete': 'Delete webhooks',
  'webhooks_queue.read': 'List and read queued webhook deliveries',
  'webhooks_queue.update': 'Retry or cancel queued webhook deliveries',
  'notifications.read': 'List and read notifications',
  'notifications.update': 'Mark notifications as read',
  'notifications_settings.read': 'Read notification settings',
  'notifications_settings.update': 'Change notification settings',
  'organizations.create': 'Create organizations',
  'organizations.read': 'Read organizations',
  'organizations.update': 'Change organizations',
  'organizations.deactivate': 'Deactivate organizations',
  'users.update': 'Change users',
  'users.deactivate': 'Deactivate users',
  'users.sessions.read': 'List and read the sessions of users',
  'users.sessions.deactivate': 'End the sessions of users',
} as const;

/** The name of a scope. */
export type Scope = keyof typeof SCOPE_DESCRIPTIONS;

/** Every scope, in the order of their bits. */
export const SCOPES = Object.keys(SCOPE_DESCRIPTIONS) as readonly Scope[];

/** A set of scopes as 32 bits of an unsigned integer, so that a subset is one instruction. */
export type ScopeSet = number;

const BIT = new Map<Scope, number>(SCOPES.map((scope, place) => [scope, (1 << place) >>> 0]));

/** Whether a value of unknown origin names a scope. */
export function isScope(value: unknown): value is Scope {
  return typeof value === 'string' && BIT.has(value as Scope);
}

/** The set of the given scopes; repeats count once. Unknown texts (from a newer version's row) grant nothing. */
export function scopeSetOf(scopes: readonly string[]): ScopeSet {
  return scopes.reduce((set, scope) => (set | (BIT.get(scope as Scope) ?? 0)) >>> 0, 0);
}

/** The scopes of a set, in the order of the documentation. */
export function scopesIn(set: ScopeSet): Scope[] {
  return SCOPES.filter((scope) => (set & (BIT.get(scope) ?? 0)) !== 0);
}

/** What is in `wanted` and not in `held`; 0 when nothing is missing. */
export function scopesMissing(wanted: ScopeSet, held: ScopeSet): ScopeSet {
  return (wanted & ~held) >>> 0;
}

/** Full permissions. */
export const ALL_SCOPES: ScopeSet = scopeSetOf(SCOPES);
