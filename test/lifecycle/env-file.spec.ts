import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endProcesses, makeFolder } from '../support/running-process.js';
import { serviceEnv, TestProcess } from '../support/test-process.js';

/** Nothing listens there: what fails for want of a database has understood its configuration. */
const NO_DATABASE = 'mysql://root@localhost/x?socketPath=/nowhere/db.sock';

describe('a start with a file .env', () => {
  afterEach(() => endProcesses());

  function launch(
    content: string | Buffer,
    env = serviceEnv(NO_DATABASE),
    program: 'main' | 'cli' = 'main',
  ): TestProcess {
    const cwd = makeFolder();
    writeFileSync(join(cwd, '.env'), content);
    return new TestProcess({ program, env, args: program === 'cli' ? ['list-organizations'] : [], cwd });
  }

  it('that begins with a byte order mark applies its first variable', async () => {
    const product = launch('\uFEFFAPP_ENV=production\n');
    expect(await product.ends()).toBe(1);
    expect(product.stderr).toContain('TRUST_PROXY must be');
  });

  it.each(['main', 'cli'] as const)(
    '(%s) lists every line that it does not understand, and shows none',
    async (program) => {
      const product = launch('APP_ENV: production\nPORT=0\nSECRET_PEPPER="hunter2\n', {}, program);
      expect(await product.ends()).toBe(1);
      expect(product.stderr).toBe(
        'The configuration is wrong:\n' +
          '  - .env, line 1 must be NAME=value, or begin with # as a comment\n' +
          '  - .env, line 3 has a quote that is not closed on the same line\n',
      );
      expect(product.stdout).toBe('');
    },
  );

  it('with a misspelt variable names the right one', async () => {
    const product = launch('MYSQL_PASSWORD=x\nTRUST_PROXYS=10.0.0.1\n');
    expect(await product.ends()).toBe(1);
    expect(product.stderr).toContain('.env, line 2 sets TRUST_PROXYS, which is not known; write TRUST_PROXY');
  });

  it('takes the environment before the file, also where the environment is empty', async () => {
    const { SECRET_PEPPER: pepper = '' } = serviceEnv(NO_DATABASE);
    const file = `APP_ENV=production\nTRUST_PROXY=none\nDATABASE_URL=nonsense\nSECRET_PEPPER=${pepper}\n`;
    const product = launch(file, { DATABASE_URL: NO_DATABASE, SECRET_PEPPER: '' });
    expect(await product.ends()).toBe(1);
    expect(product.stderr).toMatch(/^The configuration is wrong:\n {2}- SECRET_PEPPER must be set in production.*\n$/);
  });
});
