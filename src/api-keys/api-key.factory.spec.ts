import type { MysqlDateTime } from '../common/mysql-datetime.js';
import { newId } from '../common/prefixed-id.js';
import { newSecret } from './api-key.factory.js';

describe('the row of a secret', () => {
  it('has the creation time of the secret, whatever the age of its key', () => {
    const createdAt = '2026-06-01 00:00:00' as MysqlDateTime;
    const issued = {
      secretId: Buffer.alloc(16),
      secret: 'sk_live_secret',
      masked: 'sk_live_...cret',
      secretHash: 'hash',
      digest: Buffer.alloc(32),
      pepperVersion: 1,
    };
    const keyId = newId('api_key_');
    const row = newSecret({ keyId, issued, createdAt });
    expect(row).toMatchObject({ keyId, createdAt, masked: issued.masked, notAfter: null });
    expect(JSON.stringify(row)).not.toContain(issued.secret);
  });
});
