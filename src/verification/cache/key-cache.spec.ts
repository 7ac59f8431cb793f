import { setFlagsFromString } from 'node:v8';
import { asciiJson } from '../../common/ascii-json.js';
import { IpAllowList } from '../../common/net/ip-allow-list.js';
import { newId } from '../../common/prefixed-id.js';
import { cacheBytes } from './cache-limit.js';
import { KeyCache } from './key-cache.js';
import type { CachedSecret } from './cached-secret.js';
import { changeOf, newSecretId, storedSecret } from '../../../test/support/verification-collaborators.js';

/** How many keys the index from keys to their secrets has. */
const indexSizeOf = (cache: KeyCache) => (cache as unknown as { secretIdsOf: Map<unknown, unknown> }).secretIdsOf.size;

describe('the cache of facts', () => {
  it('holds CACHE_MAX_KEYS and no more; the least recently used go first', () => {
    const cache = new KeyCache({ cacheMaxKeys: 3, cacheMaxBytes: 2 ** 28 });
    const ids = Array.from({ length: 4 }, newSecretId);
    const [first = '', second = '', third = '', fourth = ''] = ids;
    for (const id of [first, second, third]) {
      cache.set(storedSecret(id, 0));
    }
    cache.get(first);
    cache.set(storedSecret(fourth, 0));
    expect(ids.map((id) => cache.get(id) !== undefined)).toEqual([true, false, true, true]);
    expect(cache.size).toBe(3);
  });

  it('holds CACHE_MAX_BYTES and no more; the least recently used go first, and what is larger than all of it is not kept', () => {
    const most = 20_000;
    const cache = new KeyCache({ cacheMaxKeys: 1_000, cacheMaxBytes: most });
    const large = (id: string) => {
      const entry = storedSecret(id, 0);
      return { ...entry, key: { ...entry.key, record: { ...entry.key.record, description: 'x'.repeat(30_000) } } };
    };
    const ids = Array.from({ length: 100 }, newSecretId);
    const [first = ''] = ids;
    for (const id of ids) {
      cache.set(storedSecret(id, 0));
      cache.get(first);
      cache.set(large(newSecretId()));
      expect(cache.bytes).toBeLessThanOrEqual(most);
    }
    expect(cache.get(first)).toBeDefined();
    expect(cache.size).toBeGreaterThan(5);
    expect(ids.filter((id) => cache.get(id) !== undefined)).toHaveLength(cache.size);
    expect(indexSizeOf(cache)).toBe(cache.size);
    cache.clear();
    expect([cache.bytes, indexSizeOf(cache)]).toEqual([0, 0]);
  });

  it('takes at most a quarter of the heap', () => {
    expect([cacheBytes(250, 1_000), cacheBytes(251, 1_000), cacheBytes(100, 1_000)]).toEqual([250, 250, 100]);
  });

  it('shows the networks of a key as they were stored', () => {
    expect(storedSecret(newSecretId(), 0).key.record.ipAllowList).toEqual(['10.0.0.0/8', '2001:db8::/32']);
  });

  describe('that is told again what it knows', () => {
    const cache = new KeyCache({ cacheMaxKeys: 10, cacheMaxBytes: 2 ** 28 });
    const secretId = newSecretId();
    const told = { keyId: newId('api_key_'), organizationId: newId('org_') };
    const known = storedSecret(secretId, 1_000, told);

    beforeEach(() => {
      cache.delete(secretId);
      cache.set(known);
    });

    it('keeps it, as of the new reading, with the answer that was made of it', () => {
      known.key.responseJson = asciiJson('answer');
      cache.set(storedSecret(secretId, 2_000, told));
      expect(cache.get(secretId)).toBe(known);
      expect(known).toMatchObject({ readAtMs: 2_000, key: { responseJson: '"answer"' } });
      cache.drop(changeOf(known));
      expect(cache.get(secretId)).toBeUndefined();
    });

    it.each<[string, (secret: CachedSecret) => CachedSecret]>([
      ['digest', (secret) => ({ ...secret, digest: null })],
      ['hash', (secret) => ({ ...secret, secretHash: '$2b$' })],
      ['label', (secret) => ({ ...secret, key: { ...secret.key, record: { ...secret.key.record, label: 'Other' } } })],
      ['networks', (secret) => ({ ...secret, key: { ...secret.key, allowList: IpAllowList.compile(['10.0.0.0/9']) } })],
      ['life', (secret) => ({ ...secret, key: { ...secret.key, disabled: true } })],
    ])('takes the new facts if the %s is another', (_, change) => {
      const changed = change(storedSecret(secretId, 2_000, told));
      cache.set(changed);
      expect(cache.get(secretId)).toBe(changed);
    });
  });

  it('is given digests as texts of 32 characters, which keep neither the packet that they came in nor a piece of a pool', () => {
    expect(storedSecret(newSecretId(), 0, { firstByte: 0xe9 }).digest).toBe('\u00e9'.repeat(32));
  });

  it('is given facts of one shape, so that V8 reads those of ten thousand keys as fast as those of one', () => {
    setFlagsFromString('--allow-natives-syntax');
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- V8's own question can be asked in no other way
    const haveOneShape = new Function('a', 'b', 'return %HaveSameMap(a, b)') as (a: object, b: object) => boolean;
    const facts = Array.from({ length: 100 }, () => storedSecret(newSecretId(), 0));
    const shapesOf = (pick: (stored: (typeof facts)[number]) => object) =>
      facts.filter((stored, place) => place > 0 && !haveOneShape(pick(stored), pick(facts[place - 1] ?? stored)))
        .length;
    expect([shapesOf((stored) => stored), shapesOf(({ key }) => key), shapesOf(({ key }) => key.record)]).toEqual([
      0, 0, 0,
    ]);
  });

  it('drops both secrets of a key, and all of an organization, and nothing else', () => {
    const cache = new KeyCache({ cacheMaxKeys: 100, cacheMaxBytes: 2 ** 28 });
    const [one, other] = [newId('org_'), newId('org_')];
    const keyId = newId('api_key_');
    const twins = [1, 2].map(() => storedSecret(newSecretId(), 0, { keyId, organizationId: one }));
    const sister = storedSecret(newSecretId(), 0, { organizationId: one });
    const stranger = storedSecret(newSecretId(), 0, { organizationId: other });
    const all = [...twins, sister, stranger];
    const present = () => all.map(({ secretId }) => cache.get(secretId) !== undefined);
    all.forEach((entry) => {
      cache.set(entry);
    });
    cache.drop({ organizationId: one, keyId });
    expect(present()).toEqual([false, false, true, true]);
    all.forEach((entry) => {
      cache.set(entry);
    });
    cache.drop({ organizationId: one });
    expect(present()).toEqual([false, false, false, true]);
  });

  it('follows a secret whose row was pointed to another key', () => {
    const cache = new KeyCache({ cacheMaxKeys: 10, cacheMaxBytes: 2 ** 28 });
    const secretId = newSecretId();
    const [before, after] = [storedSecret(secretId, 0), storedSecret(secretId, 1)];
    cache.set(before);
    cache.set(after);
    cache.drop(changeOf(before));
    expect(cache.get(secretId)).toBe(after);
    cache.drop(changeOf(after));
    expect(cache.get(secretId)).toBeUndefined();
    expect(indexSizeOf(cache)).toBe(0);
  });

  it('forgets a key with the last of its secrets, whatever the way they went', () => {
    const cache = new KeyCache({ cacheMaxKeys: 50, cacheMaxBytes: 2 ** 28 });
    const keyIds = Array.from({ length: 40 }, () => newId('api_key_'));
    const organizationIds = [newId('org_'), newId('org_')];
    const ids = Array.from({ length: 120 }, newSecretId);
    const any = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T;
    for (let step = 0; step < 20_000; step++) {
      const entry = storedSecret(any(ids), step, { keyId: any(keyIds), organizationId: any(organizationIds) });
      const dice = Math.random();
      if (dice < 0.8) {
        cache.set(entry);
      } else if (dice < 0.9) {
        cache.delete(entry.secretId);
      } else {
        cache.drop(dice < 0.995 ? changeOf(entry) : { organizationId: entry.key.organizationId });
      }
      expect(cache.size).toBeLessThanOrEqual(50);
    }
    const left = new Set(ids.flatMap((id) => cache.get(id)?.key.keyId ?? []));
    expect(indexSizeOf(cache)).toBe(left.size);
    cache.clear();
    expect([cache.size, indexSizeOf(cache)]).toEqual([0, 0]);
  }, 60_000);
});
