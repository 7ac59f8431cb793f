import { ApiProperty } from '@nestjs/swagger';
import type { ApiKey } from '../api-key.entity.js';
import { EXAMPLE_KEY, EXAMPLE_SECRET } from './api-key.example.js';
import { ApiKeyResponse, fieldsOf } from './api-key.response.js';

/** A created key, in the only response that contains the complete secret. */
export class CreatedApiKeyResponse extends ApiKeyResponse {
  static override readonly example: unknown = { ...EXAMPLE_KEY, secret: EXAMPLE_SECRET };

  @ApiProperty({
    type: String,
    description: 'The complete secret. No other response contains it: store it.',
    example: EXAMPLE_SECRET,
  })
  // Declared again for its documentation alone, and filled by `withSecret`.
  override secret = '';

  static withSecret(key: ApiKey, secret: string): CreatedApiKeyResponse {
    return Object.assign(new CreatedApiKeyResponse(), fieldsOf(key, secret));
  }
}
