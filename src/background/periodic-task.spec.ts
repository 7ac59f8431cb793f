import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { BackgroundTasks } from './background-tasks.js';
import { PeriodicTask, type PeriodicTaskOptions } from './periodic-task.js';

const tasks: PeriodicTask[] = [];
const warnings: unknown[] = [];

function taskOf(options: Partial<PeriodicTaskOptions> & Pick<PeriodicTaskOptions, 'run'>): PeriodicTask {
  const task = new PeriodicTask({
    intervalMs: 5,
    logger: { warn: (error: unknown) => warnings.push(error) },
    failureMessage: 'the run failed',
    ...options,
  });
  tasks.push(task);
  return task;
}

/** A run that counts itself and resolves the promise once it has run so often. */
function counted(times: number, each: () => Promise<void> = () => Promise.resolve()) {
  let runs = 0;
  let reached: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (reached = resolve));
  const run = async () => {
    if (++runs === times) {
      reached();
    }
    await each();
  };
  return { run, done, runs: () => runs };
}

describe('a periodic task', () => {
  afterEach(async () => {
    await Promise.all(tasks.splice(0).map((task) => task.stop()));
    warnings.length = 0;
    jest.restoreAllMocks();
  });

  it('runs again and again once started, and not before', async () => {
    const { run, done, runs } = counted(3);
    const task = taskOf({ run });
    await sleep(30);
    expect(runs()).toBe(0);
    await task.start();
    await done;
  });

  it('waits in its start for the first run where that belongs to the start', async () => {
    let isDone = false;
    await taskOf({
      runsAtStart: true,
      run: async () => {
        await sleep(20);
        isDone = true;
      },
    }).start();
    expect(isDone).toBe(true);
  });

  it('never runs twice at the same time, however long a run takes and however often it is started', async () => {
    let running = 0;
    let most = 0;
    const { run, done } = counted(4, async () => {
      most = Math.max(most, ++running);
      await sleep(15);
      running--;
    });
    const task = taskOf({ intervalMs: 1, runsAtStart: true, run });
    await Promise.all([task.start(), task.start()]);
    await done;
    expect(most).toBe(1);
  });

  it('goes on after a failure, and logs one line for each series of failures', async () => {
    const outcomes = ['fails', 'fails', 'works', 'fails'];
    const { run, done } = counted(4, () =>
      outcomes.shift() === 'fails' ? Promise.reject(new Error('no')) : Promise.resolve(),
    );
    await taskOf({ run }).start();
    await done;
    await sleep(1);
    expect(warnings).toHaveLength(2);
  });

  it('waits in its stop for the run that is under way, tells it to end, and runs no more', async () => {
    let ended = 0;
    const task = taskOf({
      runsAtStart: true,
      run: async (signal) => {
        if (ended > 0) {
          return;
        }
        await sleep(60_000, undefined, { signal }).catch(() => undefined);
        ended++;
      },
    });
    void task.start();
    await task.stop();
    expect(ended).toBe(1);
    expect(warnings).toEqual([]);
  });

  it.each([
    [0, 50],
    [0.999_999, 150],
  ])('varies its interval by the jitter (random %d: %d ms)', async (random, expectedMs) => {
    jest.spyOn(Math, 'random').mockReturnValue(random);
    const starts: number[] = [];
    const { run, done } = counted(2, () => Promise.resolve(void starts.push(performance.now())));
    await taskOf({ intervalMs: 100, jitter: 0.5, runsAtStart: true, run }).start();
    await done;
    const [first = 0, second = 0] = starts;
    expect(second - first).toBeGreaterThanOrEqual(expectedMs - 2);
  });
});

describe('the background tasks', () => {
  it('start and stop all that were added', async () => {
    const background = new BackgroundTasks();
    const each = [counted(1), counted(1)];
    for (const { run } of each) {
      background.add({ intervalMs: 5, logger: { warn: () => undefined }, failureMessage: 'failed', run });
    }
    await background.start();
    await Promise.all(each.map(({ done }) => done));
    await background.onApplicationShutdown();
    const runs = each.map((one) => one.runs());
    await sleep(30);
    expect(each.map((one) => one.runs())).toEqual(runs);
  });
});
