import { KEYS } from '../support/api-client.js';
import { preload } from '../support/preload.js';
import type { MadeKey } from '../support/service.js';
import { Instance, prepareGround, type SeededDatabase } from './instances.js';

describe.each([-300_000, 300_000])('an instance whose clock is wrong by %i ms', (shiftMs) => {
  let ground: SeededDatabase;
  let right: Instance;
  let wrong: Instance;
  beforeAll(async () => {
    ground = await prepareGround();
    right = await Instance.start(ground.schema.url);
    wrong = await Instance.start(ground.schema.url, {
      NODE_OPTIONS: preload('test/verification/shift-clock.mjs'),
      CLOCK_SHIFT_MS: String(shiftMs),
      LOG_LEVEL: 'info',
    });
  }, 60_000);
  afterAll(() => ground.end());

  const expiring = async (seconds: number) =>
    right.must<MadeKey & { readonly expires_at: string }>('POST', KEYS, ground.root, {
      label: 'Expiring',
      expires_at: await ground.timeIn(seconds),
    });

  it('is indeed wrong', () => {
    const [, time = ''] = /"time":"([^"]+)"/.exec(wrong.product.stdout) ?? [];
    expect(Math.abs(Date.parse(time) - Date.now() - shiftMs)).toBeLessThan(60_000);
  });

  it('judges an expiry by the time of the database: not before, and not after', async () => {
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
    // It errs ahead by as long as the database takes to answer.
    expect(firstRefusedMs).toBeGreaterThan(expiresMs - 1_500);
  }, 30_000);

  it('accepts a key that ends in 100 seconds, and refuses one that has ended', async () => {
    const [living, ended] = [await expiring(100), await expiring(2)];
    await wrong.expectCurrent(living, 200);
    await wrong.untilCurrent(ended, 401);
    await wrong.expectCurrent(living, 200);
  }, 20_000);
});
