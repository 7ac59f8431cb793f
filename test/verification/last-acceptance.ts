import { setTimeout as sleep } from 'node:timers/promises';
import type { MadeKey } from '../support/api-client.js';
import { BOUND_MS, report } from '../support/reports.js';
import { TestProcess } from '../support/test-process.js';

const AT_ONCE = 20;
const PATIENCE_MS = 15_000;
/** At any moment between two polls. */
const POLL_INTERVAL_MS = 300;

/** When an acknowledged change was to take effect, on the monotonic clock. Undefined: at once. */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- most changes have nothing to tell
export type EffectiveTime = void | { readonly effectiveMs: number };

interface Change {
  readonly what: string;
  readonly keys: readonly MadeKey[];
  /** Where a key is accepted before the change and refused after it. */
  readonly path: string;
  readonly change: (key: MadeKey) => Promise<EffectiveTime>;
}

/**
 * Changes each key on another instance while requests for it go on. The instance must refuse it
 * within the bound.
 */
export async function expectObeyed(instance: TestProcess, { what, keys, path, change }: Change): Promise<void> {
  const lags: number[] = [];
  for (let from = 0; from < keys.length; from += AT_ONCE) {
    const some = keys.slice(from, from + AT_ONCE);
    lags.push(...(await Promise.all(some.map((key) => lastAcceptance(instance, key, path, change)))));
  }
  report(`last acceptance after: ${what}`, lags);
  expect(Math.max(...lags)).toBeLessThanOrEqual(BOUND_MS);
}

/**
 * @returns how long after the change was acknowledged, or was to take effect if that is later, the
 * instance still began to accept
 */
async function lastAcceptance(
  instance: TestProcess,
  key: MadeKey,
  path: string,
  change: Change['change'],
): Promise<number> {
  expect((await instance.send('GET', path, key)).status).toBe(200);
  const refused = lastAcceptedUntilRefused(instance, key, path);
  await sleep(POLL_INTERVAL_MS * Math.random());
  const taken = await change(key);
  const acknowledgedMs = performance.now();
  return Math.max(0, (await refused) - Math.max(acknowledgedMs, taken?.effectiveMs ?? -Infinity));
}

async function lastAcceptedUntilRefused(instance: TestProcess, key: MadeKey, path: string): Promise<number> {
  let lastAcceptedMs = -Infinity;
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (performance.now() < deadlineMs) {
    const { status, beganMs } = await instance.send('GET', path, key);
    if (status === 401 || status === 403) {
      return lastAcceptedMs;
    }
    // A 503 is neither an acceptance nor a refusal.
    expect([200, 503]).toContain(status);
    if (status === 200) {
      lastAcceptedMs = beganMs;
    }
    await sleep(5);
  }
  throw new Error('still accepted');
}
