import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode } from '../../src/common/error-code.js';
import { KEYS, send } from '../support/api-client.js';
import { endProcesses, makeFolder } from '../support/running-process.js';
import { TestApp } from '../support/test-app.js';
import { serviceEnv, TestProcess } from '../support/test-process.js';
import { eventually } from '../support/eventually.js';
import { preload } from '../support/preload.js';
import { Fifo } from './fifo.js';
import { startQuietly, type QuietService } from './quiet-service.js';

/** More lines than 4 MB and a pipe hold. */
const MANY = 16_000;
const DROPPED = 'latchkey_log_lines_dropped_total';

const isRoot = process.getuid?.() === 0;
const itAsRoot = isRoot ? it : it.skip;
if (!isRoot) {
  console.warn('a full disk: skipped in part. To mount a file system of 64 KB needs root; /dev/full is tried instead.');
}

describe('a service whose log', () => {
  let latchkey: TestApp;
  let secret: string;
  const ends: (() => void)[] = [];

  beforeAll(async () => {
    latchkey = await TestApp.start();
    ({ secret } = await latchkey.createKey(await latchkey.createOrganization()));
  });
  afterAll(() => latchkey.close());
  afterEach(async () => {
    await endProcesses();
    ends.splice(0).forEach((end) => {
      end();
    });
  });

  const makeFifo = (flags = 0) => {
    const fifo = new Fifo(flags);
    ends.push(() => {
      fifo.close();
    });
    return fifo;
  };
  const openFull = () => {
    const full = openSync('/dev/full', 'w');
    ends.push(() => {
      closeSync(full);
    });
    return full;
  };

  /** A file system of 64 KB. */
  const mountSmall = () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
    ends.push(() => {
      execFileSync('umount', [folder]);
      rmSync(folder, { recursive: true });
    });
    return folder;
  };

  /**
   * What must work, whatever becomes of the log. A create includes bcrypt, which runs in libuv's
   * thread pool.
   */
  const expectWell = async ({ url, ask }: QuietService, count = 500) => {
    expect(await ask(count)).toEqual({ 200: count });
    expect((await send(url, 'POST', KEYS, { secret, body: { label: 'Made meanwhile' } })).status).toBe(200);
    const ready = await fetch(`${url}/health/ready`);
    expect([ready.status, await ready.json()]).toMatchObject([200, { status: 'ready' }]);
  };
  const expectStops = async ({ product }: QuietService) => {
    product.signal('SIGTERM');
    expect(await product.ends()).toBe(0);
  };
  const linesOf = (text: string) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  describe('is a pipe without a reader', () => {
    it.each([
      ['a blocking one', 0],
      ['one that was made non-blocking', constants.O_NONBLOCK],
    ])(
      '(%s) answers every request; when the reader returns, the log goes on and says how many lines are missing',
      async (_, flags) => {
        const fifo = makeFifo(flags);
        const service = await startQuietly(latchkey.schema.url, { stdout: fifo.writer });
        await expectWell(service, MANY);
        const dropped = await service.metric(DROPPED);
        expect(dropped).toBeGreaterThan(0);

        await eventually('the log says what it dropped', () => fifo.read().includes('"dropped_lines"'));
        expect(await service.ask(1)).toEqual({ 200: 1 });
        await eventually('a line after it', () => {
          const lines = linesOf(fifo.read().replace(/[^\n]*$/, ''));
          const notice = lines.findIndex(({ dropped_lines }) => dropped_lines !== undefined);
          return lines.slice(notice + 1).some(({ msg }) => msg === 'request');
        });
        const notices = linesOf(fifo.text.replace(/[^\n]*$/, '')).filter(
          ({ dropped_lines }) => dropped_lines !== undefined,
        );
        expect(notices).toEqual([
          expect.objectContaining({ level: 'warn', dropped_lines: await service.metric(DROPPED) }),
        ]);
        await expectStops(service);
      },
      60_000,
    );

    it('ends with 0 at SIGTERM, also with stderr on the same pipe', async () => {
      const fifo = makeFifo();
      const service = await startQuietly(latchkey.schema.url, { stdout: fifo.writer, stderr: fifo.writer });
      await expectWell(service);
      await expectStops(service);
    }, 60_000);

    it('ends with 1 when an error is not caught', async () => {
      const fifo = makeFifo();
      const env = { NODE_OPTIONS: preload('test/resilience/crash.mjs'), CRASH_SECRET: 'sk_live_0123456789' };
      const service = await startQuietly(latchkey.schema.url, { stdout: fifo.writer }, env);
      await service.ask(500);
      service.product.signal('SIGUSR2');
      expect(await service.product.ends()).toBe(1);
    }, 60_000);
  });

  describe('is a pipe whose reader has ended', () => {
    it.each(['main', 'start'] as const)(
      '(%s) answers and ends with 0, although stderr is the same pipe, a library writes to it and the runtime warns',
      async (program) => {
        const fifo = makeFifo();
        const outputs = { stdout: fifo.writer, stderr: fifo.writer };
        const env = { NODE_OPTIONS: preload('test/logging/warn.mjs'), DATA_DIR: makeFolder() };
        fifo.closeReader();
        const service = await startQuietly(latchkey.schema.url, outputs, env, program);
        service.product.signal('SIGUSR2');
        service.product.signal('SIGWINCH');
        await expectWell(service);
        await expectStops(service);
      },
      60_000,
    );

    it('goes on with the log when another reader opens it', async () => {
      const fifo = makeFifo();
      const service = await startQuietly(latchkey.schema.url, { stdout: fifo.writer });
      fifo.read();
      fifo.closeReader();
      await expectWell(service);
      fifo.openReader();
      await eventually('the lines that waited', () => fifo.read().includes('"endpoint":"health"'));
      await expectStops(service);
      expect(service.product.stderr).toMatch(/^The log cannot be written \(EPIPE\)[^\n]*\n$/);
    }, 60_000);
  });

  describe('is on a full disk, with stderr', () => {
    it.each(['main', 'start'] as const)(
      '(/dev/full, %s) starts, answers every request and ends with 0',
      async (program) => {
        const full = openFull();
        const env = { NODE_OPTIONS: preload('test/logging/warn.mjs'), DATA_DIR: makeFolder() };
        const service = await startQuietly(latchkey.schema.url, { stdout: full, stderr: full }, env, program);
        service.product.signal('SIGUSR2');
        service.product.signal('SIGWINCH');
        await expectWell(service);
        await expectStops(service);
      },
      60_000,
    );

    itAsRoot(
      '(a file system of 64 KB) does so too, and writes what waited when there is room',
      async () => {
        const folder = mountSmall();
        fill(join(folder, 'ballast'));
        const log = join(folder, 'log');
        const file = openSync(log, 'a');
        ends.unshift(() => {
          closeSync(file);
        });
        const service = await startQuietly(latchkey.schema.url, { stdout: file, stderr: file }, { LOG_LEVEL: 'info' });
        expect(statSync(log).size).toBe(0);
        await expectWell(service);
        rmSync(join(folder, 'ballast'));
        await eventually('the lines that waited', () => readFileSync(log, 'utf8').includes('listening on'));
        await expectStops(service);
        expect(linesOf(readFileSync(log, 'utf8').replace(/^The log.*\n/gm, '')).at(-1)).toMatchObject({
          msg: 'stopping: SIGTERM',
        });
      },
      60_000,
    );
  });

  it('is read as usual has the warnings of the runtime too, redacted, and stderr has none', async () => {
    const env = serviceEnv(latchkey.schema.url, { NODE_OPTIONS: preload('test/logging/warn.mjs') });
    const product = new TestProcess({ env });
    await product.ready();
    product.signal('SIGUSR2');
    await product.prints('a warning of the runtime');
    expect(await product.stop()).toBe(0);
    const [line] = linesOf(product.stdout).filter(({ msg }) => msg === 'a warning of the runtime');
    expect(line).toMatchObject({
      level: 'warn',
      err: { type: 'TestWarning', message: 'a warning with sk_live_[redacted]' },
    });
    expect(product.stderr).toBe('');
  }, 30_000);

  it('is standard output of a command whose result cannot be written: an error, with exit code 1', async () => {
    const args = ['create-organization', '--name', 'Acme'];
    const product = new TestProcess({ program: 'cli', database: latchkey.schema.url, args, stdout: openFull() });
    expect(await product.ends()).toBe(1);
    expect(product.stderr).toBe(
      'The command succeeded, but its result could not be written to standard output (ENOSPC).\n',
    );
  }, 30_000);

  it('is not needed by a command that fails: the exit code is the same when stderr takes nothing', async () => {
    const args = ['deactivate-organization', 'org_nonsense'];
    const product = new TestProcess({ program: 'cli', database: latchkey.schema.url, args, stderr: openFull() });
    expect(await product.ends()).toBe(1);
  }, 30_000);
});

/** Writes until there is no room for another byte. */
function fill(path: string): void {
  for (let size = 65_536; size >= 1; size /= 2) {
    try {
      for (;;) {
        writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
      }
    } catch (error) {
      if (errorCode(error) !== 'ENOSPC') {
        throw error;
      }
    }
  }
}
