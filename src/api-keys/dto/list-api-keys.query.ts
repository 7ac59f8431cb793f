import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import type { ApiKeyId } from '../../common/prefixed-id.js';
import { API_KEY_STATUSES, type ApiKeyStatus } from '../api-keys.pagination.js';
import { IsApiKeyId } from './validators/is-api-key-id.js';

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;
const LIMIT_MESSAGE = `must be an integer from 1 to ${MAX_PAGE}`;

/** The page of the list, and the filters. */
export class ListApiKeysQuery {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MAX_PAGE,
    default: DEFAULT_PAGE,
    description: 'The maximum number of keys. A page also ends at about 1 MB.',
  })
  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d{1,4}$/.test(value) ? Number(value) : value,
  )
  @Max(MAX_PAGE, { message: LIMIT_MESSAGE })
  @Min(1, { message: LIMIT_MESSAGE })
  @IsInt({ message: LIMIT_MESSAGE })
  limit: number = DEFAULT_PAGE;

  @ApiPropertyOptional({ type: String, description: 'Only keys older than this id, which need not exist.' })
  @IsApiKeyId()
  @IsOptional()
  after?: ApiKeyId;

  @ApiPropertyOptional({
    enum: API_KEY_STATUSES,
    description: 'Only keys that work (active), that were disabled, or that are enabled and expired.',
  })
  @IsOptional()
  @IsIn(API_KEY_STATUSES, { message: `must be one of ${API_KEY_STATUSES.join(', ')}` })
  status?: ApiKeyStatus;

  @ApiPropertyOptional({ type: String, description: 'Only keys that this key created.' })
  @IsApiKeyId()
  @IsOptional()
  created_by?: ApiKeyId;
}
