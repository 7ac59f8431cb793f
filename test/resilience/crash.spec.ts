import { preload } from '../support/preload.js';
import { endProducts } from '../support/product.js';
import { createSchema, type TestSchema } from '../support/schema.js';
import { startService } from '../support/service.js';

const SECRET = `sk_live_${'0'.repeat(22)}${'x'.repeat(33)}${'0'.repeat(6)}`;

describe('an error that nobody caught', () => {
  let schema: TestSchema;
  beforeEach(async () => {
    schema = await createSchema();
  });
  afterEach(async () => {
    await endProducts();
    await schema.drop();
  });

  it.each([
    ['thrown', 'SIGUSR2'],
    ['rejected', 'SIGWINCH'],
  ] as const)(
    '(%s) ends the process with 1, said once, by the log, without what hangs on the error',
    async (_, signal) => {
      const service = await startService(schema.url, {
        NODE_OPTIONS: preload('test/resilience/crash.mjs'),
        CRASH_SECRET: SECRET,
        LOG_FORMAT: 'json',
      });
      service.product.signal(signal);
      expect(await service.product.ends()).toBe(1);
      const fatal = service.product.stdout.split('\n').filter((line) => line.includes('"level":"fatal"'));
      expect(fatal).toHaveLength(1);
      expect(JSON.parse(fatal[0] ?? '')).toMatchObject({
        msg: 'an uncaught exception ends the process',
        err: { message: 'crashed with sk_live_[redacted]', cause: { message: 'driver', errno: 1064 } },
      });
      expect(service.product.output).not.toContain(SECRET.slice(8));
      expect(service.product.stderr).toBe('');
    },
    30_000,
  );
});
