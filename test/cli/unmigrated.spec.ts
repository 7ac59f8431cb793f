import { endProcesses } from '../support/running-process.js';
import { runCli } from '../support/test-process.js';
import { createSchema, type TestSchema } from '../support/schema.js';

describe('the command line on a schema that is not migrated', () => {
  let schema: TestSchema;

  beforeAll(async () => {
    schema = await createSchema();
  });

  afterEach(() => endProcesses());

  afterAll(() => schema.drop());

  it('names the command to run, and shows no internals', async () => {
    const { code, stdout, stderr } = await runCli(schema.url, ['list-organizations']);

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('npm run migrate');
    expect(stderr).not.toContain('SELECT');
  });

  it('shows help without a database, on stdout and with exit code 0', async () => {
    const { code, stdout, stderr } = await runCli('', ['--help']);

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const command of ['migrate', 'create-organization', 'list-organizations', 'create-key']) {
      expect(stdout).toContain(command);
    }
  });
});
