import { SCOPE_CATALOGUE, type Scope } from '../common/access/scope.js';
import { parseIpAddress } from '../common/net/ip-address.js';
import type { MysqlDateTime } from '../common/mysql-datetime.js';
import { newId } from '../common/prefixed-id.js';
import { decide } from './decide.js';
import { compileSnapshot, type StoredKey } from './key-snapshot.js';

const now = Date.UTC(2030, 0, 1, 12, 0, 0);
const past = '2029-12-31 00:00:00' as MysqlDateTime;
const stored: StoredKey = {
  id: newId('api_key_'),
  organizationId: newId('org_'),
  label: 'Key',
  scopes: ['products.create', 'products.read'],
  ipAllowList: ['10.0.0.0/8'],
  expiresAt: '2030-01-01 12:00:01' as MysqlDateTime,
  disabledAt: null,
  deletedAt: null,
};

function verdict(
  key: Partial<StoredKey> = {},
  attempt: { scopes?: Scope[]; from?: string | null } = {},
  organizationActive = true,
) {
  const { scopes = ['products.create'], from = '10.1.2.3' } = attempt;
  const address = from === null ? null : parseIpAddress(from);
  return decide(
    compileSnapshot({ ...stored, ...key }, organizationActive),
    { scopes: SCOPE_CATALOGUE.setOf(scopes), address },
    now,
  ).code;
}

describe('deciding about a key', () => {
  it('lets a living key do what its scopes say, from where its list says', () => {
    expect(verdict()).toBe('VALID');
  });

  it('checks in one order: organization, deleted, disabled, expired, scopes, address', () => {
    const all = { deletedAt: past, disabledAt: past, expiresAt: past } as const;
    const wrong = { scopes: ['users.update'], from: '192.0.2.1' } as { scopes: Scope[]; from: string };
    expect(verdict(all, wrong, false)).toBe('ORGANIZATION_INACTIVE');
    expect(verdict(all, wrong)).toBe('DELETED');
    expect(verdict({ ...all, deletedAt: null }, wrong)).toBe('DISABLED');
    expect(verdict({ expiresAt: past }, wrong)).toBe('EXPIRED');
    expect(verdict({}, wrong)).toBe('INSUFFICIENT_SCOPES');
    expect(verdict({}, { from: '192.0.2.1' })).toBe('IP_NOT_ALLOWED');
  });

  it('is expired at the very moment of its expiry, and not a second before', () => {
    expect(verdict({ expiresAt: '2030-01-01 12:00:00' as MysqlDateTime })).toBe('EXPIRED');
    expect(verdict({ expiresAt: '2030-01-01 12:00:01' as MysqlDateTime })).toBe('VALID');
    expect(verdict({ expiresAt: null })).toBe('VALID');
  });

  it('needs an address when the key has a list, and none when it has not', () => {
    expect(verdict({}, { from: null })).toBe('CLIENT_IP_REQUIRED');
    expect(verdict({ ipAllowList: [] }, { from: null })).toBe('VALID');
  });

  it('needs every scope that is asked for', () => {
    expect(verdict({}, { scopes: ['products.create', 'products.read'] })).toBe('VALID');
    expect(verdict({}, { scopes: ['products.create', 'products.delete'] })).toBe('INSUFFICIENT_SCOPES');
    expect(verdict({}, { scopes: [] })).toBe('VALID');
  });

  it('grants nothing for a stored scope that this version does not know', () => {
    expect(verdict({ scopes: ['rockets.launch'] })).toBe('INSUFFICIENT_SCOPES');
  });

  it('does not compile a malformed list, which must not let anyone in', () => {
    expect(() => compileSnapshot({ ...stored, ipAllowList: ['somewhere'] }, true)).toThrow();
  });
});
