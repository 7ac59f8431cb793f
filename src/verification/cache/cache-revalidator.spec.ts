import type { ChangeFeed } from '../change-feed/change-feed.js';
import type { KeyLoader } from './key-loader.js';
import { CacheRevalidator } from './cache-revalidator.js';
import { eventually } from '../../../test/support/eventually.js';
import { newSecretId, refreshed } from '../../../test/support/verification-collaborators.js';

/** A refresh over a loader that answers when the test says. */
function arrange() {
  const readings: string[][] = [];
  const answers: (() => void)[] = [];
  let isAnswering = true;
  let isOpen = false;
  const load = (id: string): Promise<null> => {
    if (!isOpen) {
      // What is asked for in one go is one reading.
      isOpen = true;
      queueMicrotask(() => (isOpen = false));
      readings.push([]);
    }
    readings.at(-1)?.push(id);
    return isAnswering
      ? Promise.reject(new Error('no room'))
      : new Promise<null>((resolve) =>
          answers.push(() => {
            resolve(null);
          }),
        );
  };
  const feed = { isFresh: true };
  const refresh = new CacheRevalidator({ load } as unknown as KeyLoader, feed as ChangeFeed);
  return {
    feed,
    request: (...ids: readonly string[]) => {
      ids.forEach((id) => {
        refresh.request(id);
      });
    },
    /** What has been read since the last call, once there is something and nothing more comes. */
    read: async (): Promise<string[][]> => {
      await eventually('something is read', () => readings.length > 0);
      for (let seen = 0; seen < readings.length;) {
        seen = readings.length;
        await refreshed();
      }
      return readings.splice(0);
    },
    readings,
    stall: () => {
      isAnswering = false;
    },
    answer: () => {
      isAnswering = true;
      answers.splice(0).forEach((answer) => {
        answer();
      });
    },
  };
}

describe('stale entries are revalidated', () => {
  it('together, each once however often it was asked for, whether the one before could be read or not', async () => {
    const { request, read } = arrange();
    const [first, second, third] = [newSecretId(), newSecretId(), newSecretId()];
    request(first, second, first, second, first);
    expect(await read()).toEqual([[first, second]]);
    request(third);
    expect(await read()).toEqual([[third]]);
  });

  it('25 at a time, so that no verification waits for long', async () => {
    const { request, read } = arrange();
    const ids = Array.from({ length: 60 }, newSecretId);
    request(...ids);
    expect(await read()).toEqual([ids.slice(0, 25), ids.slice(25, 50), ids.slice(50)]);
  });

  it('a tenth of them at a time when many are due; of more than 2,000 no note is taken', async () => {
    const { request, read } = arrange();
    const ids = Array.from({ length: 2_100 }, newSecretId);
    request(...ids);
    const readings = await read();
    expect(readings.slice(0, 3).map((reading) => reading.length)).toEqual([200, 180, 162]);
    expect(readings.flat()).toEqual(ids.slice(0, 2_000));
  });

  it('once, although they are asked for again while they are read', async () => {
    const { request, read, readings, stall, answer } = arrange();
    const [first, second] = [newSecretId(), newSecretId()];
    stall();
    request(first);
    expect(await read()).toEqual([[first]]);
    request(first, second, first);
    answer();
    expect(await read()).toEqual([[second]]);
    await refreshed();
    expect(readings).toEqual([]);
  });

  it('only while the feed vouches for the rest: without it those who must wait need the few places', async () => {
    const { request, read, readings, feed } = arrange();
    feed.isFresh = false;
    request(newSecretId(), newSecretId());
    await refreshed();
    await refreshed();
    expect(readings).toEqual([]);
    feed.isFresh = true;
    const later = newSecretId();
    request(later);
    expect(await read()).toEqual([[later]]);
  });

  it('not before the last ones have come; what is asked for meanwhile is read then', async () => {
    const { request, read, readings, stall, answer } = arrange();
    const [first, second, third] = [newSecretId(), newSecretId(), newSecretId()];
    stall();
    request(first);
    expect(await read()).toEqual([[first]]);
    request(second, third);
    await refreshed();
    expect(readings).toEqual([]);
    answer();
    expect(await read()).toEqual([[second, third]]);
    request(first);
    expect(await read()).toEqual([[first]]);
  });
});
