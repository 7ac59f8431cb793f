import { crc32 } from 'node:zlib';
import { formatSecret } from '../../src/secrets/secret-format.js';
import { type Answer, KEYS, send } from '../support/api-client.js';
import { type Fixture, startFixture } from '../support/fixtures.js';
import { listWithHeaders } from '../support/raw-client.js';
import { expectFailure, invalidToken, REALM, type ExpectedFailure } from '../support/expect-answer.js';
import { recordQueries } from '../support/query-log.js';
import { secretIdOf } from '../support/secrets.js';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const MISSING: ExpectedFailure = { error: /^This request needs an API key: /, challenge: REALM };
const refusedAs = (error: string): ExpectedFailure => ({ error, challenge: invalidToken(error) });
const MISSHAPEN = refusedAs('The Authorization header must be: Bearer <secret>.');
const SEVERAL = refusedAs('Send one Authorization header, not several.');
const UNKNOWN = refusedAs('This API key is not valid.');

/** A body with the checksum that it should have. */
function withChecksum(unchecked: string): string {
  let rest = crc32(unchecked);
  let digits = '';
  for (let place = 0; place < 6; place++) {
    digits = BASE62.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return unchecked + digits;
}

describe('the credentials of a request', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture();
  });
  afterAll(() => fixture.app.close());

  /** Asserts a response, and that it cost no statement. */
  async function expectRefusedWithoutQuery(ask: () => Promise<Answer>, expected: ExpectedFailure): Promise<void> {
    const answers: Answer[] = [];
    const statements = await recordQueries(fixture.app, async () => answers.push(await ask()));
    for (const answer of answers) {
      expectFailure(answer, 401, expected);
    }
    expect(answers).toHaveLength(1);
    expect(statements).toEqual([]);
  }

  it.each<[string, (secret: string) => string[], ExpectedFailure]>([
    ['nothing', () => [], MISSING],
    ['an empty header', () => ['Authorization:'], MISSING],
    ['Basic credentials', () => ['Authorization: Basic dXNlcjpwYXNzd29yZA=='], MISSING],
    ['the secret under another scheme', (secret) => [`Authorization: Token ${secret}`], MISSING],
    ['Digest credentials', () => ['Authorization: Digest username="x", realm="y"'], MISSING],
    ['the secret without a scheme', (secret) => [`Authorization: ${secret}`], MISSING],
    ['a scheme that only begins like it', (secret) => [`Authorization: BearerX ${secret}`], MISSING],
    ['the secret in another header', (secret) => [`X-Api-Key: ${secret}`], MISSING],
    ['the secret for a proxy', (secret) => [`Proxy-Authorization: Bearer ${secret}`], MISSING],
    ['the secret in a cookie', (secret) => [`Cookie: access_token=${secret}`], MISSING],
    ['the scheme alone', () => ['Authorization: Bearer'], MISSHAPEN],
    ['the scheme and spaces', () => ['Authorization: Bearer   '], MISSHAPEN],
    ['a token with a space', () => ['Authorization: Bearer sk_live_a b'], MISSHAPEN],
    ['the secret and more', (secret) => [`Authorization: Bearer ${secret} more`], MISSHAPEN],
    ['the secret behind a tab', (secret) => [`Authorization: Bearer\t${secret}`], MISSHAPEN],
    ['two in one header', (secret) => [`Authorization: Bearer ${secret}, Bearer ${secret}`], MISSHAPEN],
    [
      'the same header twice',
      (secret) => [`Authorization: Bearer ${secret}`, `Authorization: Bearer ${secret}`],
      SEVERAL,
    ],
    ['a good header before a bad one', (secret) => [`Authorization: Bearer ${secret}`, 'Authorization: x'], SEVERAL],
    [
      'a good header behind Basic',
      (secret) => ['Authorization: Basic eDp5', `authorization: Bearer ${secret}`],
      SEVERAL,
    ],
    ['a token that is not ASCII', () => ['Authorization: Bearer sk_live_\u00e9\u00ff'], UNKNOWN],
    ['the secret in quotes', (secret) => [`Authorization: Bearer "${secret}"`], UNKNOWN],
    ['5,000 characters', () => [`Authorization: Bearer sk_live_${'x'.repeat(5_000)}`], UNKNOWN],
    ['one character too few', (secret) => [`Authorization: Bearer ${secret.slice(0, -1)}`], UNKNOWN],
    ['one character too many', (secret) => [`Authorization: Bearer ${secret}0`], UNKNOWN],
    ['a comma behind', (secret) => [`Authorization: Bearer ${secret},`], UNKNOWN],
    ['the secret in lower case', (secret) => [`Authorization: Bearer ${secret.toLowerCase()}`], UNKNOWN],
    ['the masked secret', (secret) => [`Authorization: Bearer ${secret.slice(0, 20)}...${secret.slice(-5)}`], UNKNOWN],
    ['a prefix and nothing', () => ['Authorization: Bearer sk_live_'], UNKNOWN],
    ['null', () => ['Authorization: Bearer null'], UNKNOWN],
    [
      'a secret of the other environment, checksum and all',
      (secret) => [`Authorization: Bearer ${formatSecret('sk_test_', secretIdOf(secret), Buffer.alloc(24))}`],
      UNKNOWN,
    ],
    [
      'an id that overflows, checksum and all',
      () => [`Authorization: Bearer ${withChecksum(`sk_live_${'z'.repeat(22)}${'0'.repeat(33)}`)}`],
      UNKNOWN,
    ],
    [
      'a random part that overflows, checksum and all',
      () => [`Authorization: Bearer ${withChecksum(`sk_live_${'0'.repeat(22)}${'z'.repeat(33)}`)}`],
      UNKNOWN,
    ],
  ])('are refused without a query when they are %s', async (_, lines, expected) => {
    await expectRefusedWithoutQuery(() => listWithHeaders(fixture.app, lines(fixture.root.secret)), expected);
  });

  it('are refused without a query when any one character of the secret is another', async () => {
    const { secret } = fixture.root;
    const changed = Array.from({ length: secret.length }, (_, place) => {
      const other = BASE62.charAt((BASE62.indexOf(secret.charAt(place)) + 1 + place) % 62);
      return secret.slice(0, place) + other + secret.slice(place + 1);
    }).filter((text) => text !== secret);
    const answers: Answer[] = [];
    const statements = await recordQueries(fixture.app, async () => {
      answers.push(...(await Promise.all(changed.map((text) => fixture.clientOf({ secret: text }).list()))));
    });
    expect(answers.length).toBeGreaterThanOrEqual(60);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    expect(statements).toEqual([]);
  });

  it('cost one query, and no more, when they have the form of a secret', async () => {
    const secret = formatSecret('sk_live_', Buffer.alloc(16, 1), Buffer.alloc(24, 2));
    const answers: Answer[] = [];
    const statements = await recordQueries(fixture.app, async () =>
      answers.push(await fixture.clientOf({ secret }).list()),
    );
    expect(answers).toHaveLength(1);
    answers.forEach((answer) => {
      expectFailure(answer, 401, UNKNOWN);
    });
    expect(statements).toHaveLength(1);
  });

  it.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('are good under the scheme spelled %s', async (scheme) => {
    const answer = await listWithHeaders(fixture.app, [`AUTHORIZATION: ${scheme} ${fixture.root.secret}`]);
    expect(answer.status).toBe(200);
  });

  describe('are taken from the header only', () => {
    it.each(['access_token', 'token', 'api_key', 'secret'])('never from ?%s=', async (name) => {
      const { app, root } = fixture;
      const path = `${KEYS}/${root.id}?${name}=${root.secret}`;
      await expectRefusedWithoutQuery(() => send(app.url, 'GET', path), MISSING);
    });

    it.each([
      ['application/json', (secret: string) => JSON.stringify({ label: 'x', access_token: secret })],
      ['application/x-www-form-urlencoded', (secret: string) => `label=x&access_token=${secret}`],
    ])('never from a body of %s', async (type, bodyWith) => {
      const { app, root } = fixture;
      await expectRefusedWithoutQuery(async () => {
        const init = { method: 'POST', headers: { 'content-type': type }, body: bodyWith(root.secret) };
        const response = await fetch(`${app.url}${KEYS}`, init);
        return {
          status: response.status,
          headers: response.headers,
          body: (await response.json()) as Answer['body'],
        };
      }, MISSING);
    });

    it('also when the header is good: a token in the query is not looked at, one in the body is an unknown field', async () => {
      const { app, root } = fixture;
      const withQuery = await send(app.url, 'GET', `${KEYS}/${root.id}?access_token=nonsense`, root);
      const withBody = await fixture.client.create({ label: 'x', access_token: root.secret });
      expect(withQuery.status).toBe(200);
      expectFailure(withBody, 400, { validator: { access_token: 'is not a recognized field' } });
    });
  });
});
