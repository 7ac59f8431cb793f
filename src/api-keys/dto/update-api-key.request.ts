import type { Scope } from '../../common/access/scope.js';
import type { MysqlDateTime } from '../../common/mysql-datetime.js';
import { DescriptionField, ExpiresAtField, IpAllowListField, LabelField, ScopesField } from './fields.js';

/** What may be changed in a key. A field left out stays as it is. */
export class UpdateApiKeyRequest {
  @LabelField()
  label!: string;

  @DescriptionField()
  description?: string | null;

  @ScopesField('What the key may do from now on. Each must be a scope that your key has.', 'refused')
  scopes?: Scope[];

  @IpAllowListField(
    "From where the key may be used from now on; null or empty: any address. Each entry must lie within your key's.",
  )
  ip_allow_list?: string[] | null;

  @ExpiresAtField(
    'From when on the key is expired: YYYY-MM-DD HH:MM:SS in UTC, in the future; null: never. Not later than your key.',
  )
  expires_at?: MysqlDateTime | null;
}
