import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsOptional } from 'class-validator';
import type { ApiKeyId } from '../../common/prefixed-id.js';
import { API_KEY_STATUSES, type ApiKeyStatus } from '../api-keys.pagination.js';
import { CheckedBy } from './checked-by.js';
import { checkApiKeyId, checkLimit, MAX_PAGE } from './field-checks.js';

const DEFAULT_PAGE = 100;

/** Which page of the list, and of which keys. */
export class ListApiKeysQuery {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MAX_PAGE,
    default: DEFAULT_PAGE,
    description: 'How many keys at the most; a page also ends at about 1 MB.',
  })
  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d{1,4}$/.test(value) ? Number(value) : value,
  )
  @CheckedBy('limit', checkLimit)
  limit: number = DEFAULT_PAGE;

  @ApiPropertyOptional({ type: String, description: 'Only keys older than this id. It is compared, never looked up.' })
  @IsOptional()
  @CheckedBy('apiKeyId', checkApiKeyId)
  after?: ApiKeyId;

  @ApiPropertyOptional({
    enum: API_KEY_STATUSES,
    description: 'Only keys that work (active), that were disabled, or that are enabled and expired.',
  })
  @IsOptional()
  @IsIn(API_KEY_STATUSES, { message: `must be one of ${API_KEY_STATUSES.join(', ')}` })
  status?: ApiKeyStatus;

  @ApiPropertyOptional({ type: String, description: 'Only keys that this key created.' })
  @IsOptional()
  @CheckedBy('apiKeyId', checkApiKeyId)
  created_by?: ApiKeyId;
}
