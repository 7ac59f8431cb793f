import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import { LOG_FORMATS } from '../../src/config/config.js';
import { formatSecret } from '../../src/secrets/secret-format.js';
import { KEYS, type MadeKey } from '../support/api-client.js';
import { envelope, exchange, type Outcome } from '../support/load-client.js';
import { endProcesses } from '../support/running-process.js';
import { TestProcess } from '../support/test-process.js';
import { changeInDatabase } from '../support/database-changes.js';
import { dumpSchema } from '../support/dump.js';
import { eventually } from '../support/eventually.js';
import { preload } from '../support/preload.js';
import { createSchema, type TestSchema } from '../support/schema.js';
import { findSecrets, randomPart } from './forms.js';
import { misuses, internalMisuses, oddCredentials, sendRaw } from './misuse.js';

/**
 * A well-formed secret that was never issued: a typing mistake, or one from another installation.
 */
const STRANGER = formatSecret('sk_live_', randomBytes(16), randomBytes(24));
const CRASH_SECRET = formatSecret('sk_test_', randomBytes(16), randomBytes(24));

const idOf = ({ id }: MadeKey) => Buffer.from(id.replace('api_key_', '').replaceAll('-', ''), 'hex');

describe('the search for secrets', () => {
  it.each([
    ['as it is', (secret: string) => `x${secret}y`],
    ['its random part', randomPart],
    ['in hexadecimal', (secret: string) => Buffer.from(secret).toString('hex').toUpperCase()],
    ['in base64', (secret: string) => Buffer.from(`user:${secret}`).toString('base64')],
    ['in base64url', (secret: string) => Buffer.from(`me:${secret}:`).toString('base64url')],
    ['URL-encoded', (secret: string) => encodeURIComponent(secret).replaceAll('_', '%5F')],
    ['percent-encoded', (secret: string) => Buffer.from(secret).toString('hex').replace(/../g, '%$&')],
  ])('finds one that is there %s', (_, hide) => {
    expect(findSecrets(hide(STRANGER), [CRASH_SECRET, STRANGER])).toEqual([1]);
  });
});

describe.each(LOG_FORMATS)(
  'after everything that can happen to secrets, logged as %s at the most verbose level',
  (format) => {
    let schema: TestSchema;
    let service: TestProcess;
    /** Every secret there was. */
    const secrets = [STRANGER, CRASH_SECRET];
    /** Everything that clients have received, without the responses of successful creations. */
    const answers: string[] = [];

    beforeAll(async () => {
      schema = await createSchema();
      service = await TestProcess.start({
        program: 'start',
        database: schema.url,
        env: {
          LOG_LEVEL: 'trace',
          LOG_FORMAT: format,
          BCRYPT_RECOVERY: 'on',
          NODE_OPTIONS: preload('test/resilience/crash.mjs'),
          CRASH_SECRET,
        },
      });
      secrets.push(service.firstKey.secret);
      const [a, b, c] = [await create('a'), await create('b'), await create('c')];
      await liveAndDie(a, b, c);
      await misplace(a);
      await failInside(a);
      service.signal('SIGUSR2');
      expect(await service.ends()).toBe(1);
    }, 60_000);

    afterAll(async () => {
      await endProcesses();
      await schema.drop();
    });

    it('no answer but that of the creation shows one', () => {
      expect(answers.length).toBeGreaterThan(100);
      expect(answers.filter((answer) => findSecrets(answer, secrets).length > 0)).toEqual([]);
    });

    it('no line of the log, and nothing else on stdout or stderr, shows one; the banner of the first start does, by intent', () => {
      const { stdout, stderr } = service;
      const banner = stdout.indexOf('Latchkey is ready.');
      const pieces = stdout.split(service.firstKey.secret);
      expect(pieces.length).toBe(2);
      expect(pieces[0]?.length).toBeGreaterThan(banner);
      expect(findSecrets(pieces.join(''), secrets)).toEqual([]);
      expect(findSecrets(stderr, secrets)).toEqual([]);
      expect(stdout).toContain('sk_test_[redacted]');
      expect(stdout.split('request_id').length).toBeGreaterThan(answers.length / 2);
    });

    it('no column of any table holds one, as text or as bytes', async () => {
      const dump = await dumpSchema(schema);
      expect(dump).toContain('api_key_secrets: 4');
      expect(findSecrets(dump, secrets)).toEqual([]);
    });

    it('no file in DATA_DIR holds one, but first-key.json', () => {
      const files = readdirSync(service.dataDir, { recursive: true, encoding: 'utf8' })
        .map((name) => join(service.dataDir, name))
        .filter((path) => statSync(path).isFile());
      const holding = files.filter((path) => findSecrets(readFileSync(path, 'latin1'), secrets).length > 0);
      expect(holding).toEqual([join(service.dataDir, 'first-key.json')]);
      expect(statSync(join(service.dataDir, 'first-key.json')).mode & 0o777).toBe(0o600);
    });

    async function create(label: string): Promise<MadeKey> {
      const outcome = await service.send('POST', KEYS, service.firstKey, { label });
      const key = envelope<MadeKey>(outcome).data;
      secrets.push(key.secret);
      expect(findSecrets(outcome.body, secrets)).toEqual([secrets.length - 1]);
      return key;
    }

    async function ask(method: string, path: string, secret?: string, body?: unknown): Promise<Outcome> {
      return heard(await service.send(method, path, secret === undefined ? service.firstKey : { secret }, body));
    }

    function heard(outcome: Outcome): Outcome {
      expect(outcome.error).toBeNull();
      answers.push(`${JSON.stringify(outcome.headers)}\n${outcome.body}`);
      return outcome;
    }

    /** Used, listed, changed, recovered, expired, deleted. */
    async function liveAndDie(a: MadeKey, b: MadeKey, c: MadeKey): Promise<void> {
      expect((await ask('GET', KEYS, a.secret)).status).toBe(200);
      expect((await ask('GET', `${KEYS}?limit=1`, a.secret)).headers.link).toBeDefined();
      expect((await ask('GET', `${KEYS}/${a.id}`, a.secret)).status).toBe(200);
      expect((await ask('PUT', `${KEYS}/${b.id}`, a.secret, { label: 'changed' })).status).toBe(200);
      await changeInDatabase(schema.name, a.id, ['UPDATE api_key_secrets SET digest = NULL WHERE key_id = ?', idOf(a)]);
      await eventually('the digest is renewed', async () => {
        expect((await ask('GET', KEYS, a.secret)).status).toBe(200);
        return hasDigest(a);
      });
      expect((await ask('DELETE', `${KEYS}/${b.id}`, a.secret)).status).toBe(200);
      expect((await ask('GET', KEYS, b.secret)).status).toBe(401);
      await changeInDatabase(schema.name, c.id, [
        "UPDATE api_keys SET expires_at = '2001-01-01 00:00:00' WHERE id = ?",
        idOf(c),
      ]);
      await eventually('the expiry is heard of', async () => (await ask('GET', KEYS, c.secret)).status === 401);
      expect((await ask('GET', KEYS, STRANGER)).status).toBe(401);
      await ask('GET', '/docs/openapi.json');
      await ask('GET', '/docs');
      await ask('GET', '/docs/swagger-ui-init.js');
    }

    async function hasDigest(key: MadeKey): Promise<boolean> {
      const [rows] = await schema.connection.query<RowDataPacket[]>(
        'SELECT digest FROM api_key_secrets WHERE key_id = ?',
        [idOf(key)],
      );
      return rows[0]?.digest !== null;
    }

    /** Secrets in the wrong place: a valid one sent by its owner, and an unknown one. */
    async function misplace(key: MadeKey): Promise<void> {
      const agent = new Agent({ keepAlive: false });
      for (const secret of [key.secret, STRANGER]) {
        for (const authorization of oddCredentials(secret)) {
          const outcome = await exchange(agent, 'GET', `${service.url}${KEYS}`, {
            headers: {
              authorization,
            },
          });
          expect(heard(outcome).status).toBe(401);
        }
        for (const { method, path, body, headers } of misuses(secret, key.id)) {
          for (const bearer of [key.secret, undefined]) {
            const outcome = heard(
              await exchange(agent, method, `${service.url}${path}`, { secret: bearer, body, headers }),
            );
            expect(outcome.status).toBeLessThan(500);
          }
        }
        answers.push(await sendRaw(service.url, secret));
        for (const { method, path, body, headers } of internalMisuses(secret)) {
          const outcome = heard(await exchange(agent, method, `${service.internalUrl}${path}`, { body, headers }));
          expect(outcome.status).toBeLessThan(500);
        }
        answers.push(await sendRaw(service.internalUrl, secret));
      }
    }

    /** Statements that fail, rows that cannot be read. */
    async function failInside(key: MadeKey): Promise<void> {
      const { connection } = schema;
      const failing = async (breakIt: string, mendIt: string, act: () => Promise<Outcome>, expected = 503) => {
        await connection.query(breakIt);
        const { status } = await act();
        await connection.query(mendIt);
        expect(status).toBe(expected);
      };
      await failing('RENAME TABLE api_key_metrics TO gone', 'RENAME TABLE gone TO api_key_metrics', () =>
        ask('GET', `${KEYS}/${key.id}`, key.secret),
      );
      await failing('RENAME TABLE api_key_secrets TO gone', 'RENAME TABLE gone TO api_key_secrets', () =>
        ask('GET', KEYS, key.secret),
      );
      await failing('RENAME TABLE key_changes TO gone', 'RENAME TABLE gone TO key_changes', () =>
        ask('POST', KEYS, key.secret, { label: 'no entry' }),
      );
      await connection.query('TRUNCATE key_changes');
      await failing(
        'ALTER TABLE key_changes MODIFY key_id BINARY(3) NULL',
        'ALTER TABLE key_changes MODIFY key_id BINARY(16) NULL',
        () => ask('POST', KEYS, key.secret, { label: 'too long' }),
        500,
      );
      await changeInDatabase(schema.name, key.id, ['UPDATE api_keys SET scopes = \'"none"\' WHERE id = ?', idOf(key)]);
      await eventually('the change is heard of', async () => (await ask('GET', KEYS, key.secret)).status === 500);
    }
  },
);
