import { ScopeCatalogue } from './scope-set.js';

/** Every scope, with the line that documents it. */
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

/** Every scope, in the order of the documentation. */
export const SCOPES = Object.keys(SCOPE_DESCRIPTIONS) as readonly Scope[];

/** The catalogue that every set of scopes is over. */
export const SCOPE_CATALOGUE = new ScopeCatalogue<Scope>(SCOPES);
