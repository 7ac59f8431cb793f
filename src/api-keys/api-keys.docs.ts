import type { ApiResultOptions } from '../contract/api-result.decorator.js';
import { invalidFieldsMessage } from '../contract/error-messages.js';
import { ApiKeyNotFoundError } from './api-keys.errors.js';
import { EXAMPLE_KEY, EXAMPLE_METRICS } from './dto/api-key.example.js';
import { API_KEY_ID_MESSAGE } from './dto/validators/is-api-key-id.js';

const NOT_FOUND = { 404: new ApiKeyNotFoundError(EXAMPLE_KEY.id).message } as const;

/** The 400 of a route whose only input is an id. */
const WRONG_ID = {
  400: { error: invalidFieldsMessage(1), validator: { id: API_KEY_ID_MESSAGE } },
} as const;

/** The texts of the API document about the routes, beside the types. */
export const docs = {
  create: {
    summary: 'Create an API key',
    description:
      'The answer holds the whole secret, this once: keep it. A key cannot be stronger than the one that creates it, in ' +
      'scopes, addresses or expiry; that is refused with 403, and `validator` says what goes beyond.',
  },

  list: {
    summary: 'List the API keys',
    description:
      'All keys of your organization, newest first, in pages; secrets are masked. The header `Link` names the next page, and its ' +
      'absence alone says that there is none. `limit` is an upper bound: a page ends at about 1 MB, and among many thousands of ' +
      'keys, a page of one `status` may hold fewer than `limit`, even none. A caller that leaves several such pages unread gets 429.',
  },

  current: {
    summary: 'Read the calling API key',
    description:
      'The key that the request is made with, secret masked; every living key may ask, whatever its scopes. What another ' +
      'request has just changed may take a second to show; a label or description, a minute.',
    // The route has no input and needs no admission.
    failures: { 400: null, 429: null },
  },

  get: {
    summary: 'Read an API key',
    description: 'The key, secret masked, and how much it has been used.',
    failures: { ...WRONG_ID, ...NOT_FOUND },
  },

  update: {
    summary: 'Change an API key',
    description:
      'A field that is left out stays as it is; the secret never changes. Neither the key as it was nor as it becomes may ' +
      'be stronger than yours: that is refused with 403, and `validator` says what goes beyond.',
    example: { ...EXAMPLE_KEY, updated_at: EXAMPLE_METRICS.last_used_at, metrics: EXAMPLE_METRICS },
    failures: NOT_FOUND,
  },

  delete: {
    summary: 'Delete an API key',
    description:
      'Its secret stops working at once, and for good. The keys that it created continue to work. After a leak, list them by ' +
      '`?created_by=` with the id of this key, which finds them after the deletion too, and delete those that you did not make.',
    failures: { ...WRONG_ID, ...NOT_FOUND },
  },
} as const satisfies Record<string, ApiResultOptions>;
