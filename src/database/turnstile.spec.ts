import { Turnstile } from './turnstile.js';

const LONG_MS = 10_000;
const SHORT_MS = 5;

describe('a turnstile', () => {
  it('lets in as many as it is for, and the others in the order in which they came', async () => {
    const turnstile = new Turnstile(2);
    const entered: string[] = [];
    const enter = async (name: string) => {
      if (await turnstile.enter(LONG_MS)) {
        entered.push(name);
      }
    };
    const all = ['a', 'b', 'c', 'd'].map(enter);
    await Promise.all(all.slice(0, 2));
    expect(entered).toEqual(['a', 'b']);
    turnstile.leave();
    await all[2];
    turnstile.leave();
    await all[3];
    expect(entered).toEqual(['a', 'b', 'c', 'd']);
  });

  it('forgets who has waited too long: the place is for the next one who still waits', async () => {
    const turnstile = new Turnstile(1);
    expect(await turnstile.enter(LONG_MS)).toBe(true);
    const impatient = turnstile.enter(SHORT_MS);
    const patient = turnstile.enter(LONG_MS);
    expect(await impatient).toBe(false);
    turnstile.leave();
    expect(await patient).toBe(true);
    turnstile.leave();
    expect(await turnstile.enter(SHORT_MS)).toBe(true);
    expect(await turnstile.enter(SHORT_MS)).toBe(false);
  });
});
