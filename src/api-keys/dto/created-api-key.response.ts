import type { ApiKey } from '../api-key.entity.js';
import { EXAMPLE_KEY, EXAMPLE_SECRET } from './api-key.example.js';
import { ApiKeyResponse, fieldsOf } from './api-key.response.js';

/** A key at its creation: the one answer that holds the whole secret. */
export class CreatedApiKeyResponse extends ApiKeyResponse {
  static override readonly example: unknown = { ...EXAMPLE_KEY, secret: EXAMPLE_SECRET };

  static withSecret(key: ApiKey, secret: string): CreatedApiKeyResponse {
    return Object.assign(new CreatedApiKeyResponse(), fieldsOf(key, secret));
  }
}
