import { ApiProperty } from '@nestjs/swagger';
import type { ShownKey } from '../../common/access/caller.js';
import { SCOPES, type Scope } from '../../common/access/scope.js';
import type { MysqlDateTime } from '../../common/mysql-datetime.js';
import type { ApiKeyId, OrganizationId } from '../../common/prefixed-id.js';
import { EXAMPLE_KEY } from './api-key.example.js';

/** A key as clients see it, secret masked. */
export class ApiKeyResponse {
  static readonly example: unknown = EXAMPLE_KEY;

  @ApiProperty({ type: String, example: EXAMPLE_KEY.id })
  id!: ApiKeyId;

  @ApiProperty({ type: String, example: EXAMPLE_KEY.organization_id })
  organization_id!: OrganizationId;

  @ApiProperty({ type: String, example: EXAMPLE_KEY.label })
  label!: string;

  @ApiProperty({ type: String, nullable: true, example: EXAMPLE_KEY.description })
  description!: string | null;

  @ApiProperty({
    type: String,
    description: 'Complete in the response that creates the key, masked in every other.',
    example: EXAMPLE_KEY.secret,
  })
  secret!: string;

  @ApiProperty({ enum: SCOPES, enumName: 'Scope', isArray: true, example: EXAMPLE_KEY.scopes })
  scopes!: readonly Scope[];

  @ApiProperty({
    type: [String],
    description: 'In canonical form; empty: any address.',
    example: EXAMPLE_KEY.ip_allow_list,
  })
  ip_allow_list!: readonly string[];

  @ApiProperty({ type: String, format: 'mysql-date-time', nullable: true, example: EXAMPLE_KEY.expires_at })
  expires_at!: MysqlDateTime | null;

  @ApiProperty({ type: String, format: 'mysql-date-time', example: EXAMPLE_KEY.created_at })
  created_at!: MysqlDateTime;

  @ApiProperty({
    type: String,
    format: 'mysql-date-time',
    nullable: true,
    description: 'Null until the first update.',
    example: EXAMPLE_KEY.updated_at,
  })
  updated_at!: MysqlDateTime | null;

  static from(key: ShownKey, masked: string): ApiKeyResponse {
    return Object.assign(new ApiKeyResponse(), fieldsOf(key, masked));
  }
}

/** The fields of a key that clients may see, and no others. */
export function fieldsOf(key: ShownKey, secret: string): ApiKeyResponse {
  return {
    id: key.id,
    organization_id: key.organizationId,
    label: key.label,
    description: key.description,
    secret,
    scopes: key.scopes,
    ip_allow_list: key.ipAllowList,
    expires_at: key.expiresAt,
    created_at: key.createdAt,
    updated_at: key.updatedAt,
  };
}
