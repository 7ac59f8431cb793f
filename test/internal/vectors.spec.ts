import { newId } from '../../src/common/prefixed-id.js';
import { callInternal, INTERNAL_ENV, TOKENS, type VerificationOnWire } from './internal-calls.js';
import { KEYS, send } from '../support/api-client.js';
import { type Fixture, startFixture } from '../support/fixtures.js';
import { eventually } from '../support/eventually.js';
import { makeVectors, type Vector } from './vectors.js';

/** A request to the public listener that needs exactly this scope and changes nothing. */
const ROUTES: Readonly<Record<string, readonly [method: string, path: string, body?: unknown]>> = {
  none: ['GET', `${KEYS}/current`],
  'api_keys.read': ['GET', `${KEYS}?limit=1`],
  'api_keys.create': ['POST', KEYS, {}],
  'api_keys.update': ['PUT', `${KEYS}/${newId('api_key_')}`, {}],
  'api_keys.delete': ['DELETE', `${KEYS}/${newId('api_key_')}`],
};
/** The result for a request that is let in. */
const LET_IN = [200, 400, 404];
const AT_ONCE = 20;

/** What a client of the public listener, or of a gateway, sees of a verdict. */
interface Seen {
  readonly status: number;
  readonly error: string | null;
  readonly challenge: string | null;
}
const IN: Seen = { status: 200, error: null, challenge: null };

describe('each of more than 500 attempts', () => {
  let fixture: Fixture;
  let vectors: Vector[];
  beforeAll(async () => {
    fixture = await startFixture({ env: INTERNAL_ENV });
    vectors = await makeVectors(fixture);
  }, 60_000);
  afterAll(() => fixture.app.close());

  async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
    const results: R[] = [];
    let next = 0;
    const worker = async () => {
      for (let at = next++; at < items.length; at = next++) {
        results[at] = await work(items[at] as T);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return results;
  }

  /** Through the public listener. Its log distinguishes what its responses do not. */
  async function atPublicListener({ secret, scope, address }: Vector): Promise<{ requestId: string; seen: Seen }> {
    const [method, path, body] = ROUTES[scope ?? 'none'] ?? [];
    const answer = await send(fixture.app.url, method ?? '', path ?? '', {
      secret,
      headers: { 'x-forwarded-for': address ?? 'unknown' },
      ...(body !== undefined && { body }),
    });
    const seen = { status: answer.status, error: answer.body.error, challenge: answer.headers.get('www-authenticate') };
    return { requestId: answer.headers.get('x-request-id') ?? '', seen: LET_IN.includes(answer.status) ? IN : seen };
  }

  async function atGateway(path: string, vector: Vector, headers: Record<string, string>): Promise<Seen> {
    const response = await fetch(`${fixture.app.internalUrl}${path}`, {
      headers: {
        authorization: `Bearer ${vector.secret}`,
        'x-latchkey-token': TOKENS.gateway,
        ...(vector.address !== null && { 'x-real-ip': vector.address }),
        ...headers,
      },
    });
    const text = await response.text();
    const error = text === '' ? null : (JSON.parse(text) as { error: string | null }).error;
    return { status: response.status, error, challenge: response.headers.get('www-authenticate') };
  }

  const asked = ({ secret, scope, address }: Vector) => ({
    secret,
    ...(address !== null && { client_ip: address }),
    ...(scope !== null && { scopes: [scope] }),
  });
  const codes = () => vectors.map(({ code }) => code);

  it('gets the verdict of the table from /verify', async () => {
    expect(vectors.length).toBeGreaterThanOrEqual(500);
    const answers = await inParallel(vectors, (vector) => callInternal(fixture, '/verify', asked(vector)));
    expect(answers.map(({ status }) => status)).toEqual(vectors.map(() => 200));
    expect(answers.map(({ body }) => body.data.code)).toEqual(codes());
    expect(answers.map(({ body }) => body.data.valid)).toEqual(codes().map((code) => code === 'VALID'));
  }, 60_000);

  it('by /verify/batch, in order', async () => {
    const found: string[] = [];
    for (let from = 0; from < vectors.length; from += 100) {
      const requests = vectors.slice(from, from + 100).map(asked);
      const { body } = await callInternal<VerificationOnWire[]>(fixture, '/verify/batch', { requests });
      found.push(...body.data.map(({ code }) => code));
    }
    expect(found).toEqual(codes());
  }, 60_000);

  it('by /introspect, which reveals only active or not', async () => {
    const withoutScope = vectors.filter(({ scope }) => scope === null);
    const found = await inParallel(withoutScope, async ({ secret, address }) => {
      const response = await fetch(`${fixture.app.internalUrl}/introspect`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKENS.billing}` },
        body: new URLSearchParams({ token: secret, ...(address !== null && { client_ip: address }) }),
      });
      return ((await response.json()) as { active: boolean }).active;
    });
    expect(found).toEqual(withoutScope.map(({ code }) => code === 'VALID'));
  }, 60_000);

  it('by the guards of the public listener, and by /forward-auth with the same errors, for nginx and for Envoy', async () => {
    const publicly = await inParallel(vectors, atPublicListener);
    expect(await codesInLog(publicly.map(({ requestId }) => requestId))).toEqual(codes());

    const toNginx = await inParallel(vectors, (vector) =>
      atGateway(`/forward-auth?scopes=${vector.scope ?? ''}`, vector, {}),
    );
    expect(toNginx).toEqual(publicly.map(({ seen }) => seen));
    const toEnvoy = await inParallel(vectors, (vector) =>
      atGateway('/forward-auth/envoy/any/path?scopes=everything', vector, { 'x-latchkey-scopes': vector.scope ?? '' }),
    );
    expect(toEnvoy).toEqual(toNginx);
  }, 120_000);

  /** The verdicts as the log of the public listener has them. */
  async function codesInLog(requestIds: readonly string[]): Promise<string[]> {
    const read = () =>
      new Map(
        fixture.app.logs
          .map((line) => JSON.parse(line) as Record<string, string>)
          .filter(({ msg, listener }) => msg === 'request' && listener === 'public')
          .map(({ request_id: id, error_code: code, detail }) => [id, verdictOf(code, detail)]),
      );
    await eventually('every request is in the log', () => {
      const found = read();
      return requestIds.every((id) => found.has(id));
    });
    const found = read();
    return requestIds.map((id) => found.get(id) ?? '');
  }
});

function verdictOf(errorCode = '', detail = ''): string {
  switch (errorCode) {
    case 'INSUFFICIENT_SCOPE':
      return 'INSUFFICIENT_SCOPES';
    case 'INVALID_CREDENTIALS':
    case 'ADDRESS_NOT_ALLOWED':
      return detail;
    default:
      return 'VALID';
  }
}
