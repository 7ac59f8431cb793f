import { jest } from '@jest/globals';
import { AtCapacityError } from '../at-capacity-error.js';
import { UnavailableError } from '../unavailable-error.js';
import { Admission } from './admission.js';
import { runAdmitted } from './run-admitted.js';

const LIMITS = { running: 1, runningPerTenant: 1, runningPerKey: 1, queuedPerTenant: 9, queuedPerKey: 9 };
const WORK = { tenant: 'a', key: null, waitMs: 10_000, queue: 'tests' };

describe('work that is admitted', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  /** What becomes of work that waits behind work which fails like this. */
  async function outcomeBehind(failure: Error, afterMs: number): Promise<string> {
    const admission = new Admission(LIMITS);
    let fail: () => void = () => undefined;
    const first = runAdmitted(
      admission,
      WORK,
      () =>
        new Promise(
          (_, reject) =>
            (fail = () => {
              reject(failure);
            }),
        ),
    );
    const behind = runAdmitted(admission, WORK, () => Promise.resolve('done'));
    const startedMs = performance.now();
    await new Promise((resolve) => setImmediate(resolve));
    jest.spyOn(performance, 'now').mockReturnValue(startedMs + afterMs);
    fail();
    await expect(first).rejects.toBe(failure);
    return behind.catch((error: unknown) => (error instanceof UnavailableError ? 'refused' : 'failed'));
  }

  it('takes what waits behind it along when it waited in vain for something that does not answer', async () => {
    expect(await outcomeBehind(new UnavailableError(), 2_000)).toBe('refused');
  });

  it.each<[string, Error, number]>([
    ['fails at once', new UnavailableError(), 10],
    ['found no room', new AtCapacityError(), 2_000],
    ['fails for another reason', new Error('other'), 2_000],
  ])('takes nothing along when it %s', async (_, failure, afterMs) => {
    expect(await outcomeBehind(failure, afterMs)).toBe('done');
  });

  it('is refused with 429 where the queue is full, and with 503 when it waited too long', async () => {
    const admission = new Admission({ ...LIMITS, queuedPerKey: 1, queuedPerTenant: 1 });
    expect(admission.tryEnter('a', null)).toBe(true);
    const waiting = runAdmitted(admission, { ...WORK, waitMs: 1 }, () => Promise.resolve('done'));
    await expect(runAdmitted(admission, WORK, () => Promise.resolve('done'))).rejects.toMatchObject({
      kind: 'too_many_requests',
    });
    await expect(waiting).rejects.toBeInstanceOf(AtCapacityError);
  });
});
