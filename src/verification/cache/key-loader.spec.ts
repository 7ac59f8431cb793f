import { UnavailableError } from '../../common/unavailable-error.js';
import { KeyCache } from './key-cache.js';
import { BusyError, KeyLoader } from './key-loader.js';
import { RecentChanges } from '../change-feed/recent-changes.js';
import type { CachedSecretQuery } from './cached-secret.query.js';
import type { CachedSecret } from './cached-secret.js';
import {
  changeOf,
  HandClock,
  newSecretId,
  storedSecret,
  turnOfTheLoop,
} from '../../../test/support/verification-collaborators.js';

type Found = Map<string, CachedSecret | Error>;

/** A query that has been sent, for the test to answer. */
interface Sent {
  readonly ids: readonly string[];
  answer(found: Found): void;
  fail(error: Error): void;
}

function arrange() {
  const clock = new HandClock();
  const cache = new KeyCache({ cacheMaxKeys: 10_000, cacheMaxBytes: 2 ** 28 });
  const changes = new RecentChanges(clock);
  const sent: Sent[] = [];
  const query = {
    findAll: (ids: readonly string[]) =>
      new Promise<Found>((answer, fail) => {
        sent.push({ ids, answer, fail });
      }),
  };
  const loader = new KeyLoader(query as unknown as CachedSecretQuery, cache, changes);
  const foundNow = (ids: readonly string[]): Found => new Map(ids.map((id) => [id, storedSecret(id, clock.nowMs)]));
  return { clock, cache, changes, sent, loader, foundNow };
}

describe('reading cold facts', () => {
  it('asks once for one key, however many wait for it', async () => {
    const { loader, sent, foundNow, cache } = arrange();
    const id = newSecretId();
    const waiting = Array.from({ length: 500 }, () => loader.load(id));
    await turnOfTheLoop();
    waiting.push(loader.load(id));
    expect(sent.map(({ ids }) => ids)).toEqual([[id]]);
    sent[0]?.answer(foundNow([id]));
    const found = await Promise.all(waiting);
    expect(new Set(found).size).toBe(1);
    expect(cache.get(id)).toBe(found[0]);
    expect(sent).toHaveLength(1);
  });

  it('asks in one query for all keys of a tick', async () => {
    const { loader, sent, foundNow } = arrange();
    const ids = Array.from({ length: 200 }, newSecretId);
    const waiting = ids.map((id) => loader.load(id));
    await turnOfTheLoop();
    expect(sent.map((query) => query.ids)).toEqual([ids]);
    sent[0]?.answer(foundNow(ids));
    expect((await Promise.all(waiting)).map((found) => found?.secretId)).toEqual(ids);
  });

  it('has at most four queries under way, and 2,000 keys; the next one is told to come back, and nothing about the key', async () => {
    const { loader, sent, foundNow } = arrange();
    const ids = Array.from({ length: 2_000 }, newSecretId);
    const waiting = ids.map((id) => loader.load(id));
    await turnOfTheLoop();
    expect(sent.map((query) => query.ids.length)).toEqual([250, 250, 250, 250]);
    await expect(loader.load(newSecretId())).rejects.toThrow(BusyError);
    await expect(loader.load(newSecretId())).rejects.toThrow(UnavailableError);
    // Who asks for one of them waits with the others.
    waiting.push(loader.load(ids[1_999] ?? ''));
    for (let i = 0; i < 8; i++) {
      sent[i]?.answer(foundNow(sent[i]?.ids ?? []));
      await turnOfTheLoop();
    }
    expect((await Promise.all(waiting)).every((found) => found !== null)).toBe(true);
    expect(sent).toHaveLength(8);
    await Promise.all([loader.load(newSecretId()), turnOfTheLoop().then(() => sent[8]?.answer(new Map()))]);
  });

  it('has places for what the cache remembers that no flood of unknown keys can take, and reads it first', async () => {
    const { loader, cache, sent, foundNow } = arrange();
    const [good] = foundNow([newSecretId()]).values();
    cache.set(good as CachedSecret);
    const flood = Array.from({ length: 2_000 }, () => loader.load(newSecretId()));
    await turnOfTheLoop();
    await expect(loader.load(newSecretId())).rejects.toThrow(BusyError);
    const { secretId } = good as CachedSecret;
    const waiting = loader.load(secretId);
    await turnOfTheLoop();
    sent[0]?.answer(new Map());
    await turnOfTheLoop();
    expect(sent[4]?.ids[0]).toBe(secretId);
    for (let i = 1; i < 9; i++) {
      sent[i]?.answer(foundNow(sent[i]?.ids ?? []));
      await turnOfTheLoop();
    }
    expect((await waiting)?.secretId).toBe(secretId);
    await Promise.all(flood);
  });

  it('tells all who wait of an outage, and remembers nothing of it', async () => {
    const { loader, sent, foundNow } = arrange();
    const id = newSecretId();
    const waiting = [loader.load(id), loader.load(id)];
    await turnOfTheLoop();
    sent[0]?.fail(new UnavailableError());
    for (const outcome of await Promise.allSettled(waiting)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(UnavailableError) as unknown });
    }
    const again = loader.load(id);
    await turnOfTheLoop();
    sent[1]?.answer(foundNow([id]));
    expect(await again).not.toBeNull();
  });

  it('never remembers that an id is unknown, and forgets facts whose row is gone', async () => {
    const { loader, sent, cache } = arrange();
    const id = newSecretId();
    cache.set(storedSecret(id, 0));
    for (let i = 0; i < 2; i++) {
      const asked = loader.load(id);
      await turnOfTheLoop();
      sent[i]?.answer(new Map());
      expect(await asked).toBeNull();
      expect(cache.size).toBe(0);
    }
    expect(sent).toHaveLength(2);
  });

  it('lets a row that cannot be understood fail alone, not those that were read with it', async () => {
    const { loader, sent, cache, foundNow } = arrange();
    const [bad, good] = [newSecretId(), newSecretId()];
    const waiting = [loader.load(bad), loader.load(good)];
    await turnOfTheLoop();
    sent[0]?.answer(new Map([...foundNow([good]), [bad, new TypeError('a stored list cannot be understood')]]));
    const outcomes = await Promise.allSettled(waiting);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect([cache.get(bad), cache.get(good)?.secretId]).toEqual([undefined, good]);
  });

  it('reads again what a change overtook, and keeps only what was read after it', async () => {
    const { loader, sent, changes, clock, cache } = arrange();
    const id = newSecretId();
    const before = storedSecret(id, clock.nowMs);
    const waiting = loader.load(id);
    await turnOfTheLoop();
    clock.nowMs += 5;
    changes.add(changeOf(before));
    clock.nowMs += 5;
    sent[0]?.answer(new Map([[id, before]]));
    await turnOfTheLoop();
    expect(cache.get(id)).toBeUndefined();
    const { keyId, organizationId } = before.key;
    const after = storedSecret(id, clock.nowMs, { keyId, organizationId });
    sent[1]?.answer(new Map([[id, after]]));
    expect(await waiting).toBe(after);
    expect(cache.get(id)).toBe(after);
  });

  it.each<[string, (changes: RecentChanges, of: CachedSecret) => void]>([
    [
      'its organization',
      (changes, { key: { organizationId } }) => {
        changes.add({ organizationId });
      },
    ],
    [
      'everything',
      (changes) => {
        changes.invalidateAll();
      },
    ],
  ])('is overtaken by a change of %s too, and gives up when that does not end', async (_, change) => {
    const { loader, sent, changes, clock, cache } = arrange();
    const id = newSecretId();
    const facts = storedSecret(id, clock.nowMs);
    const waiting = loader.load(id);
    const refused = expect(waiting).rejects.toThrow(UnavailableError);
    for (let i = 0; i < 5; i++) {
      await turnOfTheLoop();
      change(changes, facts);
      sent[i]?.answer(new Map([[id, facts]]));
    }
    await refused;
    expect([cache.size, sent.length]).toEqual([0, 5]);
  });

  it('rejects a read that took longer than recent changes are kept', async () => {
    const { loader, sent, clock, cache } = arrange();
    const id = newSecretId();
    const facts = storedSecret(id, clock.nowMs);
    const waiting = loader.load(id);
    await turnOfTheLoop();
    clock.nowMs += 10_001;
    sent[0]?.answer(new Map([[id, facts]]));
    await turnOfTheLoop();
    expect(cache.get(id)).toBeUndefined();
    sent[1]?.answer(new Map([[id, storedSecret(id, clock.nowMs)]]));
    expect(await waiting).not.toBeNull();
  });

  it('reads again on request, although a read is under way', async () => {
    const { loader, sent, foundNow } = arrange();
    const id = newSecretId();
    const first = loader.load(id);
    await turnOfTheLoop();
    const fresh = loader.loadFresh(id);
    sent[0]?.answer(foundNow([id]));
    await turnOfTheLoop();
    sent[1]?.answer(foundNow([id]));
    expect(await first).not.toBe(await fresh);
  });
});
