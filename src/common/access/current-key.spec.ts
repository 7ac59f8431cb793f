import { newId } from '../prefixed-id.js';
import type { Caller } from './caller.js';
import { requireKey } from './current-key.js';

const ids = { organizationId: newId('org_'), requestId: newId('req_') };

describe('a route for API keys', () => {
  it('accepts a key', () => {
    const caller: Caller = { kind: 'key', ...ids, keyId: newId('api_key_'), address: null, record: {} as never };
    expect(requireKey(caller)).toBe(caller);
  });

  it('refuses a caller of another kind with 403', () => {
    expect(() => requireKey({ kind: 'operator', ...ids })).toThrow(
      expect.objectContaining({ kind: 'forbidden', code: 'KEY_REQUIRED' }) as Error,
    );
  });

  it('refuses a request without a caller with 401', () => {
    expect(() => requireKey(undefined)).toThrow(expect.objectContaining({ kind: 'unauthenticated' }) as Error);
  });
});
