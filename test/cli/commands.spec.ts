import type { RowDataPacket } from 'mysql2/promise';
import { SCOPES } from '../../src/common/access/scope.js';
import { KEYS, send } from '../support/api-client.js';
import { endProcesses } from '../support/running-process.js';
import { TestApp } from '../support/test-app.js';
import { runCli } from '../support/test-process.js';
import { eventually } from '../support/eventually.js';

interface Organization {
  readonly id: string;
  readonly name: string;
  readonly deactivated_at: string | null;
}

interface Key {
  readonly id: string;
  readonly organization_id: string;
  readonly secret: string;
  readonly created_at: string;
}

const DATE_TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;
/** FRESHNESS_BOUND_MS, as it comes. */
const BOUND_MS = 1_000;
const UNKNOWN_ID = 'org_0197c0f1-9589-7990-b421-4b806f637b0c';

describe('the command line', () => {
  let latchkey: TestApp;

  beforeAll(async () => {
    latchkey = await TestApp.start();
  });

  afterEach(() => endProcesses());

  afterAll(() => latchkey.close());

  const run = (...args: string[]) => runCli(latchkey.schema.url, args);

  /** Runs a command that must succeed: one JSON value on stdout, and nothing else anywhere. */
  async function json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.endsWith('\n')).toBe(true);
    return JSON.parse(stdout) as T;
  }

  async function expectRefusal(args: readonly string[], text: RegExp): Promise<void> {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(text);
    expect(stderr).not.toMatch(/^\s+at /m);
  }

  const list = async (secret: string) => (await send(latchkey.url, 'GET', KEYS, { secret })).status;

  it('creates and lists organizations, oldest first, whatever script their name is in', async () => {
    const first = await json<Organization>('create-organization', '--name', 'Ключи & "Söhne" 🔑');
    const second = await json<Organization>('create-organization', '--name', 'Acme');
    const listed = await json<Organization[]>('list-organizations');

    expect(first).toEqual({
      id: expect.stringMatching(/^org_[0-9a-f-]{36}$/) as unknown,
      name: 'Ключи & "Söhne" 🔑',
      created_at: expect.stringMatching(DATE_TIME) as unknown,
      updated_at: null,
      deactivated_at: null,
    });
    expect(listed.slice(-2)).toEqual([first, second]);
  });

  it('prints no character that a terminal obeys or hides, and still the same JSON', async () => {
    const hostile = 'a\u009b31mb\u202ec\u200bd\u007fe\u2066f';
    const organization = await json<Organization>('create-organization', '--name', hostile);
    expect(organization.name).toBe(hostile);
    const key = ['--organization', organization.id, '--label', hostile, '--description', `${hostile}\u{e0041}`];
    for (const args of [['list-organizations'], ['create-key', ...key], ['deactivate-organization', organization.id]]) {
      const { code, stdout } = await run(...args);
      expect(code).toBe(0);
      expect(stdout).toContain('\\u009b31m');
      expect(stdout).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }
    for (const args of [['deactivate-organization', hostile], [`--${hostile}`], [hostile]]) {
      const { code, stderr } = await run(...args);
      expect(code).toBe(1);
      expect(stderr).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }
  });

  it('creates a key that works over HTTP at once, with every scope, from everywhere and without end', async () => {
    const organization = await latchkey.createOrganization();
    const key = await json<Key>('create-key', '--organization', organization, '--label', 'Root');

    expect(key).toEqual({
      id: expect.stringMatching(/^api_key_[0-9a-f-]{36}$/) as unknown,
      organization_id: organization,
      label: 'Root',
      description: null,
      secret: expect.stringMatching(/^sk_live_[0-9A-Za-z]{61}$/) as unknown,
      scopes: SCOPES,
      ip_allow_list: [],
      expires_at: null,
      created_at: expect.stringMatching(DATE_TIME) as unknown,
      updated_at: null,
    });
    const shown = await send<Key>(latchkey.url, 'GET', `${KEYS}/${key.id}`, { secret: key.secret });
    expect(shown.status).toBe(200);
    expect(shown.body.data).toMatchObject({ id: key.id, created_at: key.created_at });
    expect(shown.body.data.secret).not.toBe(key.secret);
  });

  it('creates a key with everything that the API takes, in the same canonical form', async () => {
    const organization = await latchkey.createOrganization();
    const key = await json<Key>(
      ...['create-key', '--organization', organization, '--label', 'Reader', '--description', 'Reads'],
      ...[
        '--scopes',
        'api_keys.read, products.read,api_keys.read',
        '--ip-allow-list',
        '::ffff:127.0.0.1,2001:DB8::/32',
      ],
      ...['--expires-at', '2099-12-31 23:59:59'],
    );

    expect(key).toMatchObject({
      label: 'Reader',
      description: 'Reads',
      scopes: ['api_keys.read', 'products.read'],
      ip_allow_list: ['127.0.0.1', '2001:db8::/32'],
      expires_at: '2099-12-31 23:59:59',
    });
    expect(await list(key.secret)).toBe(200);
    const refused = await send(latchkey.url, 'POST', KEYS, { secret: key.secret, body: { label: 'More' } });
    expect(refused.status).toBe(403);
  });

  it.each([
    ['create-organization --name VALUE', 'help'],
    ['create-organization --name VALUE', 'migrate'],
    ['create-organization --name VALUE', '--help'],
    ['create-organization --name VALUE', '-h'],
    ['create-organization --name VALUE', '--'],
    ['create-organization --name=VALUE', '--version'],
    ['create-organization --name=VALUE', '-x=y'],
    ['create-organization --name=VALUE --', '--name'],
  ])('takes a value for a value, whatever it looks like: %s of %s', async (command, value) => {
    const args = command.split(' ').map((arg) => arg.replace('VALUE', value));
    expect(await json<Organization>(...args)).toMatchObject({ name: value });
  });

  it('takes the texts of a key for values, whatever they look like', async () => {
    const organization = await latchkey.createOrganization();
    const key = await json<Key>(
      ...['create-key', '--label', '-x', '--description', '--help', '--organization', organization],
    );
    expect(key).toMatchObject({ label: '-x', description: '--help' });
  });

  it('stops an organization and lets it go on: soon, for a service that is running', async () => {
    const organization = await latchkey.createOrganization();
    const { secret } = await latchkey.createKey(organization);
    expect(await list(secret)).toBe(200);

    const stopped = await json<Organization>('deactivate-organization', organization);
    expect(stopped.deactivated_at).toMatch(DATE_TIME);
    await eventually('the service has heard of it', async () => (await list(secret)) === 401, BOUND_MS);
    await expectRefusal(['create-key', '--organization', organization, '--label', 'Late'], /deactivated/);
    expect(await json('deactivate-organization', organization)).toEqual(stopped);

    const again = await json<Organization>('reactivate-organization', organization);
    expect(again.deactivated_at).toBeNull();
    await eventually('the service has heard of it', async () => (await list(secret)) === 200, BOUND_MS);
  });

  describe('refuses with a message on stderr alone and exit code 1,', () => {
    const CREATE_KEY = ['create-key', '--organization', 'ORGANIZATION', '--label', 'Key'];
    const REFUSED: readonly (readonly [what: string, args: readonly string[], text: RegExp])[] = [
      [
        'all that breaks the rules of the API at once',
        [
          ...['create-key', '--organization', 'ORGANIZATION', '--label', ' ', '--scopes', 'api_keys.read,api_keys.own'],
          ...['--ip-allow-list', '10.0.0.5/24', '--expires-at', '2099-02-30 00:00:00'],
        ],
        /^(?=.*\bscopes: .*"api_keys\.own")(?=.*\bip_allow_list: .*10\.0\.0\.0\/24)(?=.*\bexpires_at: must be a valid UTC date-time)(?=.*\blabel: must contain a visible)/s,
      ],
      [
        'empty lists, of which one would mean nothing and the other everything',
        [...CREATE_KEY, '--scopes', '', '--ip-allow-list', ''],
        /(?=.*\bscopes: )(?=.*\bip_allow_list: )/s,
      ],
      [
        'an expiry in the past',
        [...CREATE_KEY, '--expires-at', '2001-01-01 00:00:00'],
        /expires_at: must be in the future/,
      ],
      ['an unknown organization', ['create-key', '--organization', UNKNOWN_ID, '--label', 'Key'], /no organization/],
      ['an organization by its name', ['create-key', '--organization', 'Acme', '--label', 'Key'], /org_ and a UUIDv7/],
      ['to stop an unknown organization', ['deactivate-organization', UNKNOWN_ID], /no organization/],
      ['to stop an organization that is not named', ['deactivate-organization'], /missing required argument/],
      ['an organization with a blank name', ['create-organization', '--name', ' '], /name: must contain a visible/],
      ['an organization with an empty name', ['create-organization', '--name='], /name: must contain a visible/],
      ['an option without its value', ['create-organization', '--name'], /argument missing/],
      [
        'an option that has taken the next for its value',
        ['create-organization', '--name', '--label', 'x'],
        /too many arguments/,
      ],
      ['an id that looks like an option', ['deactivate-organization', '-x'], /unknown option/],
      ['an id that looks like an option, after --', ['deactivate-organization', '--', '-x'], /org_ and a UUIDv7/],
      ['an unknown command', ['create-everything'], /unknown command/],
      ['an unknown option', [...CREATE_KEY, '--ip-allowlist', '10.0.0.1'], /unknown option/],
      ['an argument too many', ['list-organizations', 'Acme'], /too many arguments/],
      ['no command', [], /Usage: cli/],
    ];
    let outcomes: readonly Awaited<ReturnType<typeof run>>[];

    // Each case is a process. Three at once halve the time; all at once overload a busy machine.
    beforeAll(async () => {
      const organization = await latchkey.createOrganization();
      const commands = REFUSED.map(([, args]) => args.map((arg) => (arg === 'ORGANIZATION' ? organization : arg)));
      const ended: (typeof outcomes)[number][] = [];
      for (let at = 0; at < commands.length; at += 3) {
        ended.push(...(await Promise.all(commands.slice(at, at + 3).map((args) => run(...args)))));
      }
      outcomes = ended;
    }, 180_000);

    it.each(REFUSED.map(([what, , text], place) => ({ what, text, place })))('$what', ({ text, place }) => {
      const { code, stdout, stderr } = outcomes[place] ?? {};
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(text);
      expect(stderr).not.toMatch(/^\s+at /m);
    });

    it('and leaves nothing behind', async () => {
      const [rows] = await latchkey.schema.connection.query<RowDataPacket[]>(
        "SELECT 1 FROM api_keys WHERE label = 'Key'",
      );
      expect(rows).toEqual([]);
    });

    it('a wrong configuration, an absent database, and another pepper than the data was made with', async () => {
      const [wrong, absent, foreign] = await Promise.all([
        runCli('mysql://nobody', ['list-organizations'], { LOG_LEVEL: 'loud' }),
        runCli('mysql://root@localhost/x?socketPath=/nowhere/db.sock', ['list-organizations']),
        runCli(latchkey.schema.url, ['list-organizations'], { SECRET_PEPPER: 'another-pepper-of-at-least-32-bytes-' }),
      ]);

      for (const { code, stdout } of [wrong, absent, foreign]) {
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      }
      expect(wrong.stderr).toMatch(/DATABASE_URL must(.|\n)*LOG_LEVEL must/);
      expect(absent.stderr).toContain('did not answer');
      expect(foreign.stderr).toContain('another SECRET_PEPPER');
    });
  });
});
