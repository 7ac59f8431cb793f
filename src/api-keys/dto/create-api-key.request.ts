import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsOptional, IsString, type ValidationArguments } from 'class-validator';
import { SCOPES, type Scope } from '../../common/access/scope.js';
import type { MysqlDateTime } from '../../common/mysql-datetime.js';
import { IsIpNetwork } from './validators/is-ip-network.js';
import { IsMysqlDateTime } from './validators/is-mysql-date-time.js';
import { IsScope } from './validators/is-scope.js';
import { ContainsNoSecret, IsNotBlank, IsStorable, MaxCharacters } from './validators/validate-text.js';

const MAX_LABEL_CHARACTERS = 255;
const MAX_DESCRIPTION_CHARACTERS = 1_000;
const MAX_NETWORKS = 100;

/** The validation messages of lists, which create and update share. */
export const LIST_MESSAGES = {
  scopes: 'must be an array of scopes',
  noScope: 'must contain at least one scope; omit the field for the default',
  networks: 'must be an array of IP addresses and networks',
  tooManyNetworks: `must contain at most ${MAX_NETWORKS} entries; use networks (CIDR) to cover more`,
} as const;

/**
 * The documentation of the fields that differ between create and update in their descriptions only.
 */
export const FIELD_DOCS = {
  scopes: { enum: SCOPES, enumName: 'Scope', isArray: true as const, minItems: 1, example: ['products.create'] },
  ipAllowList: {
    type: [String] as [StringConstructor],
    nullable: true,
    maxItems: MAX_NETWORKS,
    example: ['127.0.0.1'],
  },
  expiresAt: {
    type: String,
    nullable: true,
    format: 'mysql-date-time',
    pattern: '^\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2}:\\d{2}$',
    example: '2099-12-31 23:59:59',
  },
};

/**
 * The fields of a new key. Null differs from a missing field: under a restricted key, null asks for
 * more than that key has. Of the decorators of a field, the lowest is checked first.
 */
export class CreateApiKeyRequest {
  @ApiProperty({
    type: String,
    description: 'Human-readable label for the API key; not blank.',
    minLength: 1,
    maxLength: MAX_LABEL_CHARACTERS,
    example: 'My API Key',
  })
  @ContainsNoSecret()
  @IsNotBlank()
  @IsStorable()
  @MaxCharacters(MAX_LABEL_CHARACTERS)
  @IsString({ message: requiredString })
  label!: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'Human-readable description for the API key.',
    maxLength: MAX_DESCRIPTION_CHARACTERS,
    example: 'Key for accessing product APIs',
  })
  @ContainsNoSecret()
  @IsStorable()
  @MaxCharacters(MAX_DESCRIPTION_CHARACTERS)
  @IsString({ message: 'must be a string, or null' })
  @IsOptional()
  description?: string | null;

  @ApiPropertyOptional({
    ...FIELD_DOCS.scopes,
    nullable: true,
    description:
      'What the key may do. Omitted or null: everything that your key may do. Each must be a scope that your key has.',
  })
  @IsScope({ each: true })
  @ArrayNotEmpty({ message: LIST_MESSAGES.noScope })
  @IsArray({ message: LIST_MESSAGES.scopes })
  @IsOptional()
  scopes?: Scope[] | null;

  @ApiPropertyOptional({
    ...FIELD_DOCS.ipAllowList,
    description:
      'The addresses from which the key may be used: IPv4 or IPv6 addresses and networks (CIDR). Omitted: as for your key. Null or empty: any address. Each must be within those of your key.',
  })
  @IsIpNetwork({ each: true })
  @ArrayMaxSize(MAX_NETWORKS, { message: LIST_MESSAGES.tooManyNetworks })
  @IsArray({ message: LIST_MESSAGES.networks })
  @IsOptional()
  ip_allow_list?: string[] | null;

  @ApiPropertyOptional({
    ...FIELD_DOCS.expiresAt,
    description:
      'When the key expires: YYYY-MM-DD HH:MM:SS in UTC, in the future. Omitted: as for your key. Null: never. Not later than your key.',
  })
  @IsMysqlDateTime()
  @IsOptional()
  expires_at?: MysqlDateTime | null;
}

function requiredString({ value }: ValidationArguments): string {
  return value === undefined ? 'is required' : 'must be a string';
}
