import type { FactsLoader } from '../../src/verification/facts-loader.js';
import { FactsRefresh } from '../../src/verification/facts-refresh.js';
import { newSecretId, refreshed } from './collaborators.js';

/** A refresh over a loader that answers when the test says. */
function arrange() {
  const loaded: string[][] = [];
  const answers: (() => void)[] = [];
  let isAnswering = true;
  const loader = {
    load: (id: string) => {
      const batch = loaded.at(-1);
      batch?.push(id);
      return isAnswering
        ? Promise.reject(new Error('no room'))
        : new Promise<null>((resolve) =>
            answers.push(() => {
              resolve(null);
            }),
          );
    },
  };
  const refresh = new FactsRefresh(loader as unknown as FactsLoader);
  return {
    request: (id: string) => {
      refresh.request(id);
    },
    /** The ids that are read between this call and the next. */
    next: async (): Promise<string[]> => {
      const batch: string[] = [];
      loaded.push(batch);
      await refreshed();
      return batch;
    },
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

describe('facts are read anew', () => {
  it('together, each once however often it was asked for, whether the one before could be read or not', async () => {
    const { request, next } = arrange();
    const [first, second, third] = [newSecretId(), newSecretId(), newSecretId()];
    for (const id of [first, second, first, second, first]) {
      request(id);
    }
    expect(await next()).toEqual([first, second]);
    expect(await next()).toEqual([]);
    request(third);
    expect(await next()).toEqual([third]);
  });

  it('500 at a time at the most', async () => {
    const { request, next } = arrange();
    const ids = Array.from({ length: 600 }, newSecretId);
    ids.forEach(request);
    expect(await next()).toEqual(ids.slice(0, 500));
    ids.forEach(request);
    expect((await next()).length).toBe(500);
  });

  it('not before the last ones have come; what is asked for meanwhile is read then, with the next that is asked for', async () => {
    const { request, next, stall, answer } = arrange();
    const [first, second, third] = [newSecretId(), newSecretId(), newSecretId()];
    stall();
    request(first);
    expect(await next()).toEqual([first]);
    request(second);
    expect(await next()).toEqual([]);
    answer();
    await refreshed();
    request(third);
    expect(await next()).toEqual([second, third]);
  });
});
