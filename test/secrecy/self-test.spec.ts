import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { assertSecretsStayHidden, SecretsVisibleError } from '../../src/app/redaction-self-test.js';
import { LOG_FORMATS } from '../../src/config/config.js';
import { redactSecrets } from '../../src/logging/redact-secrets.js';
import { endProcesses, makeFolder } from '../support/running-process.js';
import { serviceEnv } from '../support/test-process.js';

describe.each(LOG_FORMATS)('the self-test of the log (%s)', (logFormat) => {
  it('is content with the redaction there is', () => {
    expect(() => {
      assertSecretsStayHidden({ logFormat });
    }).not.toThrow();
  });

  it.each<[string, (text: string) => string]>([
    ['nothing at all', (text) => text],
    ['only the first of a line', (text) => text.replace(/sk_(live|test)_\w+/, '[redacted]')],
    ['only those of one prefix', (text) => text.replaceAll(/sk_live_\w+/g, '[redacted]')],
    ['only what stands by itself', (text) => text.replaceAll(/(?<![\w"])sk_(live|test)_\w+/g, '[redacted]')],
    ['all but what is under `err`', (text) => (text.includes('cause') ? text : redactSecrets(text))],
    ['only the beginning', (text) => text.replaceAll(/sk_(live|test)_\w{40}/g, '[redacted]')],
    ['whole lines, by losing them', () => ''],
  ])('refuses one that cuts out %s', (_, redact) => {
    expect(() => {
      assertSecretsStayHidden({ logFormat }, { redact });
    }).toThrow(SecretsVisibleError);
  });
});

describe('a service whose log would show secrets', () => {
  afterAll(endProcesses);

  it('does not start: it prints why, with exit code 1, and shows none', async () => {
    const dist = resolve(process.env.TEST_DIST ?? 'TEST_DIST is not set');
    const entry = join(makeFolder(), 'broken.mjs');
    writeFileSync(
      entry,
      `import { serve } from ${JSON.stringify(pathToFileURL(join(dist, 'app/lifecycle.js')).href)};
       await serve({}, { redact: (text) => text });\n`,
    );
    const { code, output } = await run(entry);
    expect(code).toBe(1);
    expect(output).toBe(`${new SecretsVisibleError().message}\n`);
    expect(output).not.toMatch(/sk_(live|test)_/);
  }, 30_000);
});

/** No database is needed: it must not come that far. */
function run(entry: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolvePromise) => {
    const child = spawn(process.execPath, [entry], {
      env: {
        PATH: process.env.PATH,
        ...serviceEnv('mysql://nobody@127.0.0.1:1/nothing'),
        PORT: '0',
        INTERNAL_PORT: '0',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 20_000,
      killSignal: 'SIGKILL',
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('close', (code) => {
      resolvePromise({ code, output });
    });
  });
}
