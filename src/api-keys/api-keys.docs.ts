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
      'The response contains the whole secret. It is shown only once, so store it. A key cannot be stronger than the key that ' +
      'creates it, in scopes, addresses or expiry: that is a 403, and `validator` names what exceeds.',
  },

  list: {
    summary: 'List the API keys',
    description:
      'The keys of your organization, newest first, in pages, with masked secrets. The header `Link` names the next page. Follow it ' +
      'until it is absent: a page may have fewer keys than `limit`, because it ends at about 1 MB, and with `status` it may even be ' +
      'empty. A client that does not read several of its pages gets 429.',
  },

  current: {
    summary: 'Read the calling API key',
    description:
      'The key of the request, with a masked secret. It requires no scope. A change by another request is visible after at most a ' +
      'second, a new label or description after at most a minute.',
    // The route has no input and needs no admission.
    failures: { 400: null, 429: null },
  },

  get: {
    summary: 'Read an API key',
    description: 'The key, with a masked secret and its usage.',
    failures: { ...WRONG_ID, ...NOT_FOUND },
  },

  update: {
    summary: 'Update an API key',
    description:
      'An omitted field keeps its value, and the secret never changes. The key must not be stronger than yours, neither before nor ' +
      'after the update: that is a 403, and `validator` names what exceeds.',
    example: { ...EXAMPLE_KEY, updated_at: EXAMPLE_METRICS.last_used_at, metrics: EXAMPLE_METRICS },
    failures: NOT_FOUND,
  },

  delete: {
    summary: 'Delete an API key',
    description:
      'Its secret stops working immediately and permanently. The keys that it created still work. After a leak, list them by ' +
      '`?created_by=` with the id of this key, also after the deletion, and delete those that you did not create.',
    failures: { ...WRONG_ID, ...NOT_FOUND },
  },
} as const satisfies Record<string, ApiResultOptions>;
