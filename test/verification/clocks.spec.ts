import { KEYS, type MadeKey } from '../support/api-client.js';
import { seedDatabase, type SeededDatabase } from '../support/fixtures.js';
import { TestProcess } from '../support/test-process.js';
import { preload } from '../support/preload.js';

describe.each([-300_000, 300_000])('an instance whose clock is wrong by %i ms', (shiftMs) => {
  let seeded: SeededDatabase;
  let right: TestProcess;
  let wrong: TestProcess;
  beforeAll(async () => {
    seeded = await seedDatabase();
    right = await TestProcess.start({ database: seeded.schema.url, keepAlive: true });
    wrong = await TestProcess.start({
      database: seeded.schema.url,
      env: {
        NODE_OPTIONS: preload('test/verification/shift-clock.mjs'),
        CLOCK_SHIFT_MS: String(shiftMs),
        LOG_LEVEL: 'info',
      },
      keepAlive: true,
    });
  }, 60_000);
  afterAll(() => seeded.end());

  const expiring = async (seconds: number) =>
    right.must<MadeKey & { readonly expires_at: string }>('POST', KEYS, seeded.root, {
      label: 'Expiring',
      expires_at: await seeded.timeIn(seconds),
    });

  it('is indeed wrong', () => {
    const [, time = ''] = /"time":"([^"]+)"/.exec(wrong.stdout) ?? [];
    expect(Math.abs(Date.parse(time) - Date.now() - shiftMs)).toBeLessThan(60_000);
  });

  it('decides an expiry by the time of the database: not before, and not after', async () => {
    const key = await expiring(6);
    const expiresMs = Date.parse(`${key.expires_at.replace(' ', 'T')}Z`);
    let lastAcceptedMs = -Infinity;
    let firstRefusedMs = Infinity;
    while (firstRefusedMs === Infinity) {
      const beganMs = Date.now();
      const { status } = await wrong.current(key);
      if (status === 200) {
        lastAcceptedMs = beganMs;
      } else if (status === 401) {
        firstRefusedMs = Date.now();
      }
    }
    // One machine, so one clock, for the database and this test.
    expect(lastAcceptedMs).toBeLessThanOrEqual(expiresMs);
    // It is ahead by up to the response time of the database.
    expect(firstRefusedMs).toBeGreaterThan(expiresMs - 1_500);
  }, 30_000);

  it('accepts a key that ends in 100 seconds, and refuses one that has ended', async () => {
    const [living, ended] = [await expiring(100), await expiring(2)];
    await wrong.expectCurrent(living, 200);
    await wrong.untilCurrent(ended, 401);
    await wrong.expectCurrent(living, 200);
  }, 20_000);
});
