import { ApiProperty } from '@nestjs/swagger';
import type { ApiKeyId } from '../../common/prefixed-id.js';
import { EXAMPLE_KEY } from './api-key.example.js';

/** The response to the deletion of a key. */
export class DeletedApiKeyResponse {
  static readonly example: unknown = { id: EXAMPLE_KEY.id };

  @ApiProperty({ type: String, example: EXAMPLE_KEY.id })
  id!: ApiKeyId;

  static from(id: ApiKeyId): DeletedApiKeyResponse {
    return Object.assign(new DeletedApiKeyResponse(), { id });
  }
}
