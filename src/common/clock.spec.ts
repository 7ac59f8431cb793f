import { SystemClock } from './clock.js';

function arrange() {
  const time = { runningMs: 1_000, wallMs: 1_800_000_000_000 };
  const clock = new SystemClock(
    () => time.runningMs,
    () => time.wallMs,
  );
  const pass = (runningMs: number, wallMs = runningMs) => {
    time.runningMs += runningMs;
    time.wallMs += wallMs;
    return clock.monotonicMs();
  };
  return { clock, pass };
}

describe('the machine\u2019s clock', () => {
  it('counts the time for which the machine slept', () => {
    const { clock, pass } = arrange();
    const before = clock.monotonicMs();
    expect(pass(250)).toBe(before + 250);
    expect(pass(10, 60_010)).toBe(before + 60_260);
    expect(pass(250)).toBe(before + 60_510);
  });

  it('never goes back, and is not moved by a wall clock that is put right little by little, or back', () => {
    const { clock, pass } = arrange();
    const before = clock.monotonicMs();
    for (let i = 1; i <= 100; i++) {
      expect(pass(250, 300)).toBe(before + i * 250);
    }
    expect(pass(250, -300_000)).toBe(before + 25_250);
    expect(pass(250)).toBe(before + 25_500);
  });
});
