import { compare } from 'bcrypt';
import { newId } from '../common/prefixed-id.js';
import { bindingTextOf, digestTextOf, PepperKeyring } from './pepper-keyring.js';
import { HASHES_AT_ONCE, SecretIssuer } from './secret-issuer.js';

const config = {
  secretPrefix: 'sk_live_',
  bcryptCost: 10,
  pepper: Buffer.from('p'.repeat(32)),
  retiredPeppers: [Buffer.from('q'.repeat(32))],
} as const;

function issuer() {
  const peppers = new PepperKeyring(config);
  peppers.assign([2, 1]);
  return { peppers, secrets: new SecretIssuer(config, peppers) };
}

const binding = { keyId: newId('api_key_'), organizationId: newId('org_') };

describe('issuing a secret', () => {
  it('is recorded by bcrypt to its last character: bcrypt reads 72 bytes, a secret has 69', async () => {
    const { secret, secretHash } = await issuer().secrets.issue(binding);
    expect(await compare(secret, secretHash)).toBe(true);
    expect(await compare(`${secret.slice(0, -1)}${secret.endsWith('0') ? '1' : '0'}`, secretHash)).toBe(false);
    expect(Buffer.byteLength(secret)).toBe(69);
  });

  it('never gives the same secret twice', async () => {
    const { secrets } = issuer();
    const issued = await Promise.all(Array.from({ length: 20 }, () => secrets.issue(binding)));
    expect(new Set(issued.map(({ secret }) => secret)).size).toBe(20);
  });

  it('makes a digest that matches this secret, for this key, in this organization, under this version, and nothing else', async () => {
    const { peppers, secrets } = issuer();
    const { secret, digest, pepperVersion } = await secrets.issue(binding);
    const stored = digestTextOf(digest);
    const bound = bindingTextOf(binding);
    expect(pepperVersion).toBe(2);
    expect(peppers.matches(secret, bound, stored, 2)).toBe(true);
    expect(peppers.matches(`${secret}x`, bound, stored, 2)).toBe(false);
    expect(peppers.matches(secret, bindingTextOf({ ...binding, keyId: newId('api_key_') }), stored, 2)).toBe(false);
    expect(peppers.matches(secret, bindingTextOf({ ...binding, organizationId: newId('org_') }), stored, 2)).toBe(
      false,
    );
    expect(peppers.matches(secret, bound, stored, 1)).toBe(false);
    expect(peppers.matches(secret, bound, stored, 9)).toBe(false);
    expect(peppers.matches(secret, bound, digestTextOf(digest.subarray(1)), 2)).toBe(false);
  });

  it('still verifies under a retired pepper', async () => {
    const before = new PepperKeyring({ pepper: config.retiredPeppers[0], retiredPeppers: [] });
    before.assign([1]);
    const { secret, digest, pepperVersion } = await new SecretIssuer(config, before).issue(binding);
    expect(issuer().peppers.matches(secret, bindingTextOf(binding), digestTextOf(digest), pepperVersion)).toBe(true);
  });

  it('takes turns between organizations: a queue of one delays another by one hash, not by its length', async () => {
    const { secrets } = issuer();
    const done: string[] = [];
    const issue = async (name: string, organizationId = newId('org_')) => {
      await secrets.issue({ keyId: newId('api_key_'), organizationId });
      done.push(name);
    };
    const flood = Array.from({ length: 6 * HASHES_AT_ONCE }, () => issue('flood', binding.organizationId));
    const other = issue('other');
    expect([secrets.hashing.running, secrets.hashing.queued]).toEqual([HASHES_AT_ONCE, 5 * HASHES_AT_ONCE + 1]);
    await Promise.all([...flood, other]);
    // Behind those that ran already, and those that the other processors took meanwhile.
    expect(done.indexOf('other')).toBeLessThanOrEqual(3 * HASHES_AT_ONCE);
    expect([secrets.hashing.running, secrets.hashing.queued]).toEqual([0, 0]);
  });

  it('needs the versions of the peppers first', () => {
    expect(() => new PepperKeyring(config).digest('secret', binding)).toThrow('assign() comes first');
  });
});
