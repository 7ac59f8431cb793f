import * as fc from 'fast-check';
import { Admission } from './admission.js';
import type { AdmissionLimits } from './admission-limits.js';

const TENANTS = ['a', 'b', 'c', 'd'];
const KEYS = ['1', '2', '3'];
const WAIT_MS = 60_000;

const tenant = fc.constantFrom(...TENANTS);
const key = fc.constantFrom(...KEYS);
const settled = () => new Promise((resolve) => setImmediate(resolve));

interface Request {
  readonly tenant: string;
  readonly key: string;
  readonly gone: AbortController;
  state: 'queued' | 'running' | 'over';
}

/** Follows from outside what the semaphore does. */
class Observer {
  readonly requests: Request[] = [];
  /** Those that were admitted, in that order. */
  readonly admitted: Request[] = [];
  readonly admission: Admission;

  constructor(readonly most: AdmissionLimits) {
    this.admission = new Admission(most);
  }

  come(tenant: string, key: string): void {
    const gone = new AbortController();
    const request: Request = { tenant, key, gone, state: 'queued' };
    this.requests.push(request);
    void this.admission.enter(tenant, key, { waitMs: WAIT_MS, signal: gone.signal }).then((outcome) => {
      request.state = outcome === 'admitted' ? 'running' : 'over';
      if (outcome === 'admitted') {
        this.admitted.push(request);
      }
    });
  }

  end(request: Request): void {
    request.state = 'over';
    this.admission.leave(request.tenant, request.key);
  }

  of(state: Request['state'], tenant?: string, key?: string): Request[] {
    return this.requests.filter(
      (each) => each.state === state && (tenant ?? each.tenant) === each.tenant && (key ?? each.key) === each.key,
    );
  }

  /** How many places the other tenants may still claim. */
  claimedByOthers(tenant: string | null): number {
    return Object.entries(this.most.reserved ?? {})
      .filter(([other]) => other !== tenant)
      .map(([other, places]) => Math.max(0, places - this.of('running', other).length))
      .reduce((sum, places) => sum + places, 0);
  }
}

/** What must hold at every moment. */
function check(observer: Observer): void {
  const { most, admission } = observer;
  const running = observer.of('running').length;
  expect([admission.running, admission.queued]).toEqual([running, observer.of('queued').length]);
  expect(running + observer.claimedByOthers(null)).toBeLessThanOrEqual(most.running);
  for (const tenant of TENANTS) {
    expect(observer.of('running', tenant).length).toBeLessThanOrEqual(most.runningPerTenant);
    expect(observer.of('queued', tenant).length).toBeLessThanOrEqual(most.queuedPerTenant);
    const hasRoom =
      observer.of('running', tenant).length < most.runningPerTenant &&
      most.running - running > observer.claimedByOthers(tenant);
    for (const key of KEYS) {
      const ofKey = observer.of('running', tenant, key).length;
      expect(ofKey).toBeLessThanOrEqual(most.runningPerKey);
      expect(observer.of('queued', tenant, key).length).toBeLessThanOrEqual(most.queuedPerKey);
      // No place is left idle that a queued request could take.
      expect(hasRoom && ofKey < most.runningPerKey && observer.of('queued', tenant, key).length > 0).toBe(false);
    }
  }
}

const limits: fc.Arbitrary<AdmissionLimits> = fc.record(
  {
    running: fc.integer({ min: 3, max: 6 }),
    runningPerTenant: fc.integer({ min: 1, max: 4 }),
    runningPerKey: fc.integer({ min: 1, max: 3 }),
    queuedPerTenant: fc.integer({ min: 0, max: 12 }),
    queuedPerKey: fc.integer({ min: 0, max: 8 }),
    reserved: fc.constant({ a: 1, b: 1 }),
  },
  { requiredKeys: ['running', 'runningPerTenant', 'runningPerKey', 'queuedPerTenant', 'queuedPerKey'] },
);

type Event = (observer: Observer) => void;

function pickFrom(requests: readonly Request[], pick: number): Request | undefined {
  return requests[pick % Math.max(1, requests.length)];
}

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(tenant, key).map(([t, k]): Event => (observer) => {
      observer.come(t, k);
    }),
  },
  {
    weight: 4,
    arbitrary: fc.nat().map((pick): Event => (observer) => {
      const request = pickFrom(observer.of('running'), pick);
      if (request !== undefined) {
        observer.end(request);
      }
    }),
  },
  {
    weight: 1,
    arbitrary: fc.nat().map(
      (pick): Event =>
        (observer) =>
          pickFrom(observer.of('queued'), pick)?.gone.abort(),
    ),
  },
  {
    weight: 1,
    arbitrary: tenant.map((t): Event => (observer) => {
      observer.admission.refuseQueued(t);
    }),
  },
);

describe('admission, whatever comes, ends, aborts and is refused', () => {
  it('keeps every bound and leaves no place idle that a queued request could take', async () => {
    await fc.assert(
      fc.asyncProperty(limits, fc.array(event, { minLength: 1, maxLength: 80 }), async (most, events) => {
        const observer = new Observer(most);
        for (const happen of events) {
          happen(observer);
          await settled();
          check(observer);
        }
        await drain(observer);
      }),
      { numRuns: 200 },
    );
  }, 60_000);

  it('serves every tenant that waits, and every key of it, once before it serves another one twice', async () => {
    const queued = fc.array(fc.tuple(tenant, key), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(queued, async (requests) => {
        const most = { running: 1, runningPerTenant: 1, runningPerKey: 1, queuedPerTenant: 99, queuedPerKey: 99 };
        const observer = new Observer(most);
        // Holds the one place until all the others wait.
        observer.come('first', '');
        for (const [tenant, key] of requests) {
          observer.come(tenant, key);
        }
        await settled();
        await drain(observer);
        const served = observer.admitted.slice(1);
        expect(served).toHaveLength(requests.length);
        expectRotation(served.map(({ tenant }) => tenant));
        for (const tenant of TENANTS) {
          expectRotation(served.filter((each) => each.tenant === tenant).map(({ key }) => key));
        }
      }),
      { numRuns: 200 },
    );
  }, 60_000);
});

/** Whether between two of a kind there is each kind that still has one to come. */
function expectRotation(served: readonly string[]): void {
  for (const [place, kind] of served.entries()) {
    const next = served.indexOf(kind, place + 1);
    if (next !== -1) {
      const later = new Set(served.slice(next + 1));
      const between = served.slice(place + 1, next);
      expect([...later].filter((other) => other !== kind && !between.includes(other))).toEqual([]);
    }
  }
}

/** Ends what runs until nothing does: then nothing waits either. */
async function drain(observer: Observer): Promise<void> {
  for (let [running] = observer.of('running'); running !== undefined; [running] = observer.of('running')) {
    observer.end(running);
    await settled();
  }
  expect([observer.admission.running, observer.admission.queued]).toEqual([0, 0]);
}
