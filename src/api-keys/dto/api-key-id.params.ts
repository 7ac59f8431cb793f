import { ApiProperty } from '@nestjs/swagger';
import type { ApiKeyId } from '../../common/prefixed-id.js';
import { EXAMPLE_KEY } from './api-key.example.js';
import { CheckedBy } from './checked-by.js';
import { checkApiKeyId } from './field-checks.js';

/** The key that a path names. */
export class ApiKeyIdParams {
  @ApiProperty({
    type: String,
    description: 'The id of the API key.',
    example: EXAMPLE_KEY.id,
  })
  @CheckedBy('apiKeyId', checkApiKeyId)
  id!: ApiKeyId;
}
