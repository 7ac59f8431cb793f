import { endProcesses } from '../support/running-process.js';
import { TestProcess } from '../support/test-process.js';
import { preload } from '../support/preload.js';
import { createSchema, type TestSchema } from '../support/schema.js';

const SECRET = `sk_live_${'0'.repeat(22)}${'x'.repeat(33)}${'0'.repeat(6)}`;

describe('an uncaught error', () => {
  let schema: TestSchema;
  beforeEach(async () => {
    schema = await createSchema();
  });
  afterEach(async () => {
    await endProcesses();
    await schema.drop();
  });

  it.each([
    ['thrown', 'SIGUSR2'],
    ['rejected', 'SIGWINCH'],
  ] as const)(
    '(%s) ends the process with 1, said once, by the log, without what hangs on the error',
    async (_, signal) => {
      const service = await TestProcess.start({
        program: 'start',
        database: schema.url,
        env: {
          NODE_OPTIONS: preload('test/resilience/crash.mjs'),
          CRASH_SECRET: SECRET,
          LOG_FORMAT: 'json',
        },
      });
      service.signal(signal);
      expect(await service.ends()).toBe(1);
      const fatal = service.stdout.split('\n').filter((line) => line.includes('"level":"fatal"'));
      expect(fatal).toHaveLength(1);
      expect(JSON.parse(fatal[0] ?? '')).toMatchObject({
        msg: 'an uncaught exception ends the process',
        err: { message: 'crashed with sk_live_[redacted]', cause: { message: 'driver', errno: 1064 } },
      });
      expect(service.output).not.toContain(SECRET.slice(8));
      expect(service.stderr).toBe('');
    },
    30_000,
  );
});
