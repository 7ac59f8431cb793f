import { UnavailableError } from '../common/unavailable-error.js';
import { ListTurns } from './list-turns.js';

const turnOfTheLoop = () => new Promise((resolve) => setImmediate(resolve));

describe('the turns of lists', () => {
  it('let two run at a time, in their order, also after one that failed', async () => {
    const turns = new ListTurns();
    const started: number[] = [];
    const ends: (() => void)[] = [];
    const runs = Array.from({ length: 6 }, (_, place) =>
      turns.run(async () => {
        started.push(place);
        await new Promise<void>((resolve) => ends.push(resolve));
        if (place === 1) {
          throw new Error('failed');
        }
      }),
    );
    const settled = Promise.allSettled(runs);
    for (const expected of [2, 3, 4, 5, 6]) {
      await turnOfTheLoop();
      expect(started).toEqual(Array.from({ length: expected }, (_, place) => place));
      ends[expected - 2]?.();
    }
    ends[5]?.();
    expect((await settled).map(({ status }) => status === 'fulfilled')).toEqual([true, false, true, true, true, true]);
    await turns.run(() => Promise.resolve());
  });

  it('refuse what comes when too many wait', async () => {
    const turns = new ListTurns();
    let end: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      end = resolve;
    });
    const runs = Array.from({ length: 258 }, () => turns.run(() => held));
    await expect(turns.run(() => held)).rejects.toThrow(UnavailableError);
    end();
    await Promise.all(runs);
  });
});
