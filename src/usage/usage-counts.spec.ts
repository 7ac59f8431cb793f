import { newId, type ApiKeyId } from '../common/prefixed-id.js';
import { UsageCounts, type UsageBatch } from './usage-counts.js';

const NOON = 1_893_499_200;

describe('the counts of uses', () => {
  const ids = (count: number) => Array.from({ length: count }, () => newId('api_key_'));
  const takeAll = (counts: UsageCounts, most = 1_000) => [...counts.take(most)];

  function countsOf(keyIds: readonly ApiKeyId[]): UsageCounts {
    const counts = new UsageCounts();
    for (const keyId of keyIds) {
      counts.add(keyId, 1, NOON);
    }
    return counts;
  }

  it('are taken once, with the latest use', () => {
    const keyId = newId('api_key_');
    const counts = countsOf([keyId, keyId]);
    counts.add(keyId, 3, NOON + 5);
    counts.add(keyId, 1, NOON + 2);
    expect(counts.size).toBe(1);
    expect(takeAll(counts)).toEqual([[{ keyId, requests: 6, lastUsedAtSeconds: NOON + 5 }]]);
    expect(counts.size).toBe(0);
    expect(takeAll(counts)).toEqual([]);
  });

  it('are taken in batches, each in the order of the keys and of no more than are asked for', () => {
    const keyIds = ids(25);
    const batches = takeAll(countsOf([...keyIds].reverse()), 10);
    expect(batches.map((batch) => batch.length)).toEqual([10, 10, 5]);
    for (const batch of batches) {
      expect(batch.map(({ keyId }) => keyId)).toEqual(batch.map(({ keyId }) => keyId).sort());
    }
    expect(batches.flatMap((batch) => batch.map(({ keyId }) => keyId)).sort()).toEqual([...keyIds].sort());
  });

  it('of a key that is used between two batches are all there, in this round or the next', () => {
    const [early, late, fresh] = [newId('api_key_'), newId('api_key_'), newId('api_key_')];
    const counts = countsOf([early, late]);
    const taken = new Map<ApiKeyId, number>();
    const note = (batch: UsageBatch) => {
      for (const { keyId, requests } of batch) {
        taken.set(keyId, (taken.get(keyId) ?? 0) + requests);
      }
    };
    for (const batch of counts.take(1)) {
      note(batch);
      for (const keyId of [early, late, fresh]) {
        counts.add(keyId, 1, NOON);
      }
    }
    expect(counts.size).toBe(3);
    takeAll(counts).forEach(note);
    expect(Object.fromEntries(taken)).toEqual({ [early]: 3, [late]: 3, [fresh]: 2 });
  });

  it('that are put back are taken again, together with what came meanwhile', () => {
    const keyId = newId('api_key_');
    const counts = countsOf([keyId]);
    const [batch = []] = takeAll(counts);
    counts.add(keyId, 2, NOON + 1);
    counts.putBack(batch);
    expect(counts.size).toBe(1);
    expect(takeAll(counts)).toEqual([[{ keyId, requests: 3, lastUsedAtSeconds: NOON + 1 }]]);
  });

  it('leave those that a broken off round has not come to', () => {
    const counts = countsOf(ids(30));
    for (const batch of counts.take(10)) {
      expect(batch).toHaveLength(10);
      break;
    }
    expect(counts.size).toBe(20);
    expect(takeAll(counts).flat()).toHaveLength(20);
  });

  it('take a place for a key that is used now and then, and none for one that is used no more', () => {
    const keyIds = ids(1_000);
    const counts = countsOf(keyIds);
    const [first = newId('api_key_')] = keyIds;
    takeAll(counts);
    const placesAfter = (rounds: number) => {
      for (let round = 0; round < rounds; round++) {
        takeAll(counts);
      }
      return counts.places;
    };
    expect(placesAfter(9)).toBe(1_000);
    counts.add(first, 1, NOON);
    expect(placesAfter(1)).toBe(1);
    expect(placesAfter(9)).toBe(1);
    expect(placesAfter(1)).toBe(0);
    expect(counts.size).toBe(0);
  });
});
