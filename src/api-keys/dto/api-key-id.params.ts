import { ApiProperty } from '@nestjs/swagger';
import type { ApiKeyId } from '../../common/prefixed-id.js';
import { CheckedBy } from './checked-by.js';
import { checkApiKeyId } from './field-checks.js';

/** The key that a path names. */
export class ApiKeyIdParams {
  @ApiProperty({
    type: String,
    description: 'The id of the API key.',
    example: 'api_key_0197c0f1-9589-7990-b421-4b806f637b0c',
  })
  @CheckedBy('apiKeyId', checkApiKeyId)
  id!: ApiKeyId;
}
