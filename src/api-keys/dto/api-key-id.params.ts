import { ApiProperty } from '@nestjs/swagger';
import type { ApiKeyId } from '../../common/prefixed-id.js';
import { EXAMPLE_KEY } from './api-key.example.js';
import { IsApiKeyId } from './validators/is-api-key-id.js';

/** The key in the path. */
export class ApiKeyIdParams {
  @ApiProperty({
    type: String,
    description: 'The id of the API key.',
    example: EXAMPLE_KEY.id,
  })
  @IsApiKeyId()
  id!: ApiKeyId;
}
