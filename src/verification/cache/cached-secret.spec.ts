import { newSecretId, storedSecret } from '../../../test/support/verification-collaborators.js';

const withList = (list: readonly string[]) => storedSecret(newSecretId(), 0, { ipAllowList: JSON.stringify(list) }).key;

describe('a cached secret', () => {
  it('shares equal allow-lists, lists of scopes and organization ids with other keys', () => {
    const [one, other] = [withList(['10.0.0.0/8']), withList(['10.0.0.0/8'])];
    expect(one.allowList).toBe(other.allowList);
    expect(one.scopes).toBe(other.scopes);
    expect(one.record.scopes).toBe(other.record.scopes);
    expect(withList(['10.0.0.0/9']).allowList).not.toBe(one.allowList);
  });

  it('is not made of a malformed list, not even of one that is spelled like another', () => {
    expect(() => withList(['somewhere'])).toThrow();
    expect(() => withList(['10.0.0.0/8', '192.0.2.0/24'])).not.toThrow();
    expect(() => withList(['10.0.0.0/8,192.0.2.0/24'])).toThrow();
    expect(() => withList(['somewhere'])).toThrow();
  });
});
