import { Admission } from './admission.js';
import type { AdmissionLimits, AdmissionOutcome } from './admission-limits.js';

/** Ends what a test leaves in a queue. */
let testIsOver: AbortController;
let waitOptions: { readonly waitMs: number; readonly signal: AbortSignal };
beforeEach(() => {
  testIsOver = new AbortController();
  waitOptions = { waitMs: 10_000, signal: testIsOver.signal };
});
afterEach(() => {
  testIsOver.abort();
});

const LIMITS: AdmissionLimits = {
  running: 4,
  runningPerTenant: 3,
  runningPerKey: 2,
  queuedPerTenant: 5,
  queuedPerKey: 3,
};

/** Requests that note the order in which they are admitted. */
function requests(admission: Admission) {
  const admitted: string[] = [];
  return {
    admitted,
    ask: async (tenant: string, key = tenant, name = key): Promise<AdmissionOutcome> => {
      const outcome = await admission.enter(tenant, key, waitOptions);
      if (outcome === 'admitted') {
        admitted.push(name);
      }
      return outcome;
    },
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('admission', () => {
  it('runs as many as it may of one key, of one tenant and in all, and queues the others', async () => {
    const admission = new Admission(LIMITS);
    const { admitted, ask } = requests(admission);
    for (const key of ['k1', 'k1', 'k1', 'k2', 'k2']) {
      void ask('a', key);
    }
    void ask('b');
    void ask('c');
    await settled();
    expect(admitted).toEqual(['k1', 'k1', 'k2', 'b']);
    expect([admission.running, admission.queued]).toEqual([4, 3]);
    expect(admission.loadOf('a')).toEqual({ running: 3, queued: 2 });
  });

  it('lets a further key wait where two keys have filled the queue of their tenant', async () => {
    const admission = new Admission(LIMITS);
    const { admitted, ask } = requests(admission);
    const outcomes: Record<string, AdmissionOutcome> = {};
    const note = async (name: string, key: string) => {
      outcomes[name] = await ask('a', key, name);
    };
    for (const [key, count] of [
      ['k1', 5],
      ['k2', 3],
    ] as const) {
      for (let i = 1; i <= count; i++) {
        void note(`${key}.${i}`, key);
      }
    }
    await settled();
    expect(admission.loadOf('a')).toEqual({ running: 3, queued: 5 });
    void note('k3.1', 'k3');
    await settled();
    // The newest request of the longest queue gives way.
    expect(outcomes).toMatchObject({ 'k1.5': 'queue-full' });
    expect(outcomes['k3.1']).toBeUndefined();
    expect(admission.loadOf('a')).toEqual({ running: 3, queued: 5 });
    admission.leave('a', 'k1');
    admission.leave('a', 'k1');
    admission.leave('a', 'k2');
    await settled();
    expect(admitted.slice(3)).toContain('k3.1');
  });

  it('serves the tenants with queued work in rotation, whatever the length of their queues', async () => {
    const admission = new Admission({ ...LIMITS, running: 1, runningPerTenant: 1, queuedPerKey: 5 });
    const { admitted, ask } = requests(admission);
    for (const tenant of ['a', 'a', 'a', 'a', 'b', 'c', 'c']) {
      void ask(tenant);
    }
    await settled();
    for (const tenant of ['a', 'a', 'b', 'c', 'a', 'c']) {
      admission.leave(tenant, tenant);
      await settled();
    }
    expect(admitted).toEqual(['a', 'a', 'b', 'c', 'a', 'c', 'a']);
  });

  it('serves the keys of a tenant in rotation as well', async () => {
    const admission = new Admission({ ...LIMITS, running: 1 });
    const { admitted, ask } = requests(admission);
    for (const key of ['k1', 'k1', 'k1', 'k2', 'k3']) {
      void ask('a', key);
    }
    await settled();
    for (const key of ['k1', 'k1', 'k2', 'k3']) {
      admission.leave('a', key);
      await settled();
    }
    expect(admitted).toEqual(['k1', 'k1', 'k2', 'k3', 'k1']);
  });

  it('refuses at once what finds the queue of its key or of its tenant full, and nothing of another', async () => {
    const admission = new Admission({ ...LIMITS, running: 1 });
    const { ask } = requests(admission);
    void ask('b');
    for (const key of ['k1', 'k1', 'k1']) {
      void ask('a', key);
    }
    expect(await ask('a', 'k1')).toBe('queue-full');
    void ask('a', 'k2');
    void ask('a', 'k2');
    expect(await ask('a', 'k2')).toBe('queue-full');
    void ask('c');
    await settled();
    expect(admission.loadOf('c')).toEqual({ running: 0, queued: 1 });
    expect(admission.refused).toEqual({ 'queue-full': 2, timeout: 0, unavailable: 0 });
  });

  it('forgets a request that has waited too long: its turn goes to the next', async () => {
    const admission = new Admission({ ...LIMITS, running: 1 });
    const { admitted, ask } = requests(admission);
    void ask('a');
    const impatient = admission.enter('a', 'a', { waitMs: 5 });
    void ask('a', 'a', 'patient');
    expect(await impatient).toBe('timeout');
    admission.leave('a', 'a');
    await settled();
    expect(admitted).toEqual(['a', 'patient']);
    expect(admission.refused.timeout).toBe(1);
  });

  it('forgets a request whose signal aborts, before or while it waits, and calls that no refusal', async () => {
    const admission = new Admission({ ...LIMITS, running: 1 });
    await admission.enter('a', 'a', waitOptions);
    const gone = new AbortController();
    const waiting = admission.enter('a', 'a', { waitMs: 10_000, signal: gone.signal });
    gone.abort();
    expect(await waiting).toBe('aborted');
    expect(await admission.enter('a', 'a', { waitMs: 10_000, signal: gone.signal })).toBe('aborted');
    expect([admission.queued, admission.refused]).toEqual([0, { 'queue-full': 0, timeout: 0, unavailable: 0 }]);
    admission.leave('a', 'a');
    expect(admission.tryEnter('a', 'a')).toBe(true);
  });

  it('refuses what a tenant has queued when that is known to fail, and leaves the others where they are', async () => {
    const admission = new Admission({ ...LIMITS, running: 1 });
    const { ask } = requests(admission);
    void ask('a');
    const own = [ask('a', 'k1'), ask('a', 'k2')];
    void ask('b');
    admission.refuseQueued('a');
    expect(await Promise.all(own)).toEqual(['unavailable', 'unavailable']);
    expect([admission.queued, admission.refused.unavailable]).toEqual([1, 2]);
  });

  it('keeps reserved places free for their tenant, and lends all others', async () => {
    const reserved = { a: 1, b: 1, c: 1 };
    const admission = new Admission({ ...LIMITS, running: 5, runningPerKey: 3, reserved });
    const { admitted, ask } = requests(admission);
    for (const tenant of ['a', 'a', 'a', 'a', 'b', 'b']) {
      void ask(tenant);
    }
    await settled();
    expect(admitted).toEqual(['a', 'a', 'a', 'b']);
    expect(await ask('c')).toBe('admitted');
    admission.leave('a', 'a');
    await settled();
    // A second place of `b`, which waited behind `a` in the rotation, whose limit was reached.
    expect(admission.running).toBe(5);
  });

  it('admits more, or runs out what is too much, when it is resized', async () => {
    const admission = new Admission({ ...LIMITS, running: 1 });
    const { admitted, ask } = requests(admission);
    for (const tenant of ['a', 'b', 'c', 'd']) {
      void ask(tenant);
    }
    await settled();
    admission.resize({ ...LIMITS, running: 3 });
    await settled();
    expect(admitted).toEqual(['a', 'b', 'c']);
    admission.resize({ ...LIMITS, running: 1 });
    admission.leave('a', 'a');
    admission.leave('b', 'b');
    await settled();
    expect(admitted).toEqual(['a', 'b', 'c']);
    admission.leave('c', 'c');
    await settled();
    expect(admitted).toEqual(['a', 'b', 'c', 'd']);
  });

  it('bounds work without a key by its tenant alone', async () => {
    const admission = new Admission({ ...LIMITS, queuedPerTenant: 4 });
    for (let i = 0; i < 7; i++) {
      void admission.enter('a', null, waitOptions);
    }
    expect(admission.loadOf('a')).toEqual({ running: LIMITS.runningPerTenant, queued: 4 });
    expect(await admission.enter('a', null, waitOptions)).toBe('queue-full');
    admission.leave('a', null);
    expect(admission.loadOf('a')).toEqual({ running: LIMITS.runningPerTenant, queued: 3 });
  });

  it('does not let a request leave twice, which would admit one too many', async () => {
    const admission = new Admission(LIMITS);
    await admission.enter('a', 'a', waitOptions);
    admission.leave('a', 'a');
    expect(() => {
      admission.leave('a', 'a');
    }).toThrow('not admitted');
    expect(admission.running).toBe(0);
  });
});
