import { hash } from 'bcrypt';
import { REQUEST_WAIT_MS } from '../../src/admission/wait-for-turn.js';
import { HASHES_AT_ONCE } from '../../src/secrets/secret-issuer.js';
import { KEYS, send } from '../support/api-client.js';
import { longestMs, tally } from '../support/load-client.js';
import { endProcesses } from '../support/running-process.js';
import { TestProcess } from '../support/test-process.js';
import { insertOrganization, insertVerifiableKeys } from '../support/bulk-keys.js';
import { createSchema, type TestSchema } from '../support/schema.js';
import { measured } from '../support/reports.js';
import { medianMs, OtherOrganization } from './others.js';

/**
 * Half of the time that a request may wait: the other half is for whatever else the machine does.
 */
const BURST_SECONDS = REQUEST_WAIT_MS / 2_000;

/**
 * How many bcrypt hashes this machine makes in a second, with as many at once as the service has.
 */
async function hashesPerSecond(): Promise<number> {
  const untilMs = performance.now() + 1_000;
  let hashes = 0;
  const work = async () => {
    while (performance.now() < untilMs) {
      await hash('a secret', 10);
      hashes++;
    }
  };
  await Promise.all(Array.from({ length: HASHES_AT_ONCE }, work));
  return hashes;
}

describe('a burst of creates by one key', () => {
  let schema: TestSchema;
  let service: TestProcess;
  beforeAll(async () => {
    schema = await createSchema();
    service = await TestProcess.start({ program: 'start', database: schema.url });
  }, 60_000);
  afterAll(async () => {
    await endProcesses();
    await schema.drop();
  }, 60_000);

  /** A client that waits as long as a request may wait. */
  const create = async (label: string) => {
    const beganMs = performance.now();
    const { status } = await send(service.url, 'POST', KEYS, { secret: service.firstKey.secret, body: { label } });
    return { status, ms: performance.now() - beganMs };
  };

  it.each([100, 200])(
    'of %d at once, or of as many as bcrypt makes meanwhile, is served whole, and delays no other organization',
    async (most) => {
      const count = Math.min(most, Math.floor((await hashesPerSecond()) * BURST_SECONDS));
      const others = await insertVerifiableKeys(schema.connection, await insertOrganization(schema.connection), 2_000);
      const burst = Promise.all(Array.from({ length: count }, (_, i) => create(`Burst ${i}`)));
      const { cold, reads, creates } = await new OtherOrganization(service, others).workUntil(burst);
      const outcomes = await burst;
      measured(`the last of ${count} creates at once`, Math.max(...outcomes.map(({ ms }) => ms)));
      measured('a cold verification meanwhile, p50', medianMs(cold));
      measured('the longest create of another organization meanwhile', longestMs(creates));
      expect(outcomes.filter(({ status }) => status !== 200)).toEqual([]);
      for (const other of [cold, reads, creates]) {
        expect(tally(other)).toEqual({ 200: other.length });
      }
      expect(longestMs(creates)).toBeLessThan(REQUEST_WAIT_MS);
    },
    60_000,
  );
});
