import { ApiPropertyOptional, PickType } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsOptional, ValidateIf } from 'class-validator';
import type { Scope } from '../../common/access/scope.js';
import type { MysqlDateTime } from '../../common/mysql-datetime.js';
import { CreateApiKeyRequest, FIELD_DOCS, LIST_MESSAGES } from './create-api-key.request.js';
import { IsIpNetwork } from './validators/is-ip-network.js';
import { IsMysqlDateTime } from './validators/is-mysql-date-time.js';
import { IsScope } from './validators/is-scope.js';

/** The fields to change in a key. An omitted field keeps its value. */
export class UpdateApiKeyRequest extends PickType(CreateApiKeyRequest, ['label', 'description']) {
  @ApiPropertyOptional({
    ...FIELD_DOCS.scopes,
    nullable: false,
    description: 'What the key may do from now on. Each must be a scope that your key has.',
  })
  @IsScope({ each: true })
  @ArrayNotEmpty({ message: LIST_MESSAGES.noScope })
  @IsArray({ message: LIST_MESSAGES.scopes })
  // Null has no meaning here, so it is rejected.
  @ValidateIf((_, value: unknown) => value !== undefined)
  scopes?: Scope[];

  @ApiPropertyOptional({
    ...FIELD_DOCS.ipAllowList,
    description:
      'The addresses from which the key may be used from now on. Null or empty: any address. Each must be within those of your key.',
  })
  @IsIpNetwork({ each: true })
  @ArrayMaxSize(FIELD_DOCS.ipAllowList.maxItems, { message: LIST_MESSAGES.tooManyNetworks })
  @IsArray({ message: LIST_MESSAGES.networks })
  @IsOptional()
  ip_allow_list?: string[] | null;

  @ApiPropertyOptional({
    ...FIELD_DOCS.expiresAt,
    description:
      'When the key expires: YYYY-MM-DD HH:MM:SS in UTC, in the future. Null: never. Not later than your key.',
  })
  @IsMysqlDateTime()
  @IsOptional()
  expires_at?: MysqlDateTime | null;
}
