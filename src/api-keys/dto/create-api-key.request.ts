import type { Scope } from '../../common/access/scope.js';
import type { MysqlDateTime } from '../../common/mysql-datetime.js';
import { DescriptionField, ExpiresAtField, IpAllowListField, LabelField, ScopesField } from './fields.js';

/** What may be said of a new key. Null and left out are told apart: under a restricted key, null asks for more than it has. */
export class CreateApiKeyRequest {
  @LabelField()
  label!: string;

  @DescriptionField()
  description?: string | null;

  @ScopesField(
    'What the key may do. Left out or null: all that your key may. Each must be a scope that your key has.',
    'default',
  )
  scopes?: Scope[] | null;

  @IpAllowListField(
    "From where the key may be used: IPv4 or IPv6 addresses and networks (CIDR). Left out: as your key; null or empty: any address. Each must lie within your key's.",
  )
  ip_allow_list?: string[] | null;

  @ExpiresAtField(
    'From when on the key is expired: YYYY-MM-DD HH:MM:SS in UTC, in the future. Left out: as your key; null: never. Not later than your key.',
  )
  expires_at?: MysqlDateTime | null;
}
