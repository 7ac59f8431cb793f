import { Agent } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import type { Scope } from '../../src/common/access/scope.js';
import { KEYS, type MadeKey } from '../support/api-client.js';
import { bytesOf, seedDatabase, type SeededDatabase } from '../support/fixtures.js';
import { exchange, type Outcome, tally } from '../support/load-client.js';
import { type RawAnswer, RawClient } from '../support/raw-client.js';
import { TestProcess } from '../support/test-process.js';
import { eventually } from '../support/eventually.js';
import { MysqlProxy } from '../support/mysql-proxy.js';
import { startApplication, valuesLike, type Application, type SeenRequest } from './application.js';
import { GATEWAY_ENV, GATEWAY_TOKEN } from './gateway-env.js';
import { describeBehindNginx, endGateways, startGateway, type Gateway } from './nginx.js';

const REALM = 'Bearer realm="latchkey"';
/** An address of this machine that is not the one from which it usually speaks to itself. */
const ELSEWHERE = '127.0.0.2';
/** The secret of no key. */
const UNKNOWN = 'sk_live_030LKADJL8brw2LrrWLGq300lBcKUCcfcQwiP5o8gk3nAfLmS9Zf5fb0y00n0';
const IDENTITY = ['X-Organization-Id', 'X-Api-Key-Id', 'X-Api-Key-Scopes'] as const;

interface Client {
  readonly secret?: string;
  readonly from?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

describeBehindNginx('an application behind nginx, run with docs/gateways/nginx.conf', () => {
  let seeded: SeededDatabase;
  let proxy: MysqlProxy;
  let latchkey: TestProcess;
  let application: Application;
  let gateway: Gateway;
  let reader: MadeKey;
  let restricted: MadeKey;
  const agents = new Map<string, Agent>();

  beforeAll(async () => {
    seeded = await seedDatabase();
    proxy = await MysqlProxy.open();
    latchkey = await TestProcess.start({
      database: proxy.url(seeded.schema.name),
      env: { ...GATEWAY_ENV, OUTAGE_GRACE_MS: '0' },
      keepAlive: true,
    });
    application = await startApplication();
    gateway = await startGateway(surroundings());
    reader = await createKey({ scopes: ['invoices.read', 'payments.create'] });
    restricted = await createKey({ ip_allow_list: [ELSEWHERE] });
  }, 60_000);
  afterAll(async () => {
    agents.forEach((agent) => {
      agent.destroy();
    });
    await endGateways();
    await application.close();
    await seeded.end();
    await proxy.close();
  });
  beforeEach(() => {
    application.seen.length = 0;
  });

  const surroundings = () => ({
    latchkeyUrl: latchkey.internalUrl,
    applicationUrl: application.url,
    token: GATEWAY_TOKEN,
  });
  const createKey = (request: Readonly<Record<string, unknown>>) =>
    latchkey.must<MadeKey>('POST', KEYS, seeded.root, { label: 'Gateway', ...request });
  const agentFrom = (address: string) => {
    const agent = agents.get(address) ?? new Agent({ keepAlive: true, localAddress: address });
    agents.set(address, agent);
    return agent;
  };
  const sendTo = (to: Gateway, method: string, path: string, client: Client = {}, body?: unknown) =>
    exchange(agentFrom(client.from ?? '127.0.0.1'), method, `${to.url}${path}`, {
      secret: client.secret,
      body,
      headers: client.headers,
    });
  const send = (method: string, path: string, client: Client = {}, body?: unknown) =>
    sendTo(gateway, method, path, client, body);
  /** One request, its lines as they are. */
  const sendRaw = async (lines: readonly string[], body = ''): Promise<RawAnswer> => {
    const raw = await RawClient.connect(gateway.port);
    raw.send([...lines, 'Host: api.example.com', 'Connection: close', '', body].join('\r\n'));
    const [answer] = await raw.answersUntilClose();
    if (answer === undefined) {
      throw new Error('no answer came');
    }
    return answer;
  };
  const theOne = (): SeenRequest => {
    const [request, ...more] = application.seen;
    if (request === undefined || more.length > 0) {
      throw new Error(`the application saw ${application.seen.length} requests`);
    }
    return request;
  };
  const identityIn = (request: SeenRequest) => IDENTITY.map((name) => valuesLike(request, name));
  const identityOf = ({ id }: MadeKey, scopes: readonly Scope[]) => [
    [seeded.organizationId],
    [id],
    scopes.length === 0 ? [] : [scopes.join(' ')],
  ];
  const expectUnavailable = (outcome: Outcome) => {
    expect([outcome.status, outcome.headers['retry-after']]).toEqual([503, '1']);
    expect(outcome.headers['www-authenticate']).toBeUndefined();
    expect(JSON.parse(outcome.body)).toMatchObject({ status: 503 });
    expect(application.seen).toEqual([]);
  };

  describe('a request without a good key', () => {
    it('gets 401 with the challenge if it has none, and the application never sees it', async () => {
      const outcome = await send('GET', '/invoices');
      expect([outcome.status, outcome.headers['www-authenticate']]).toEqual([401, REALM]);
      expect(JSON.parse(outcome.body)).toMatchObject({ status: 401 });
      expect(application.seen).toEqual([]);
    });

    it.each([
      ['of no key', `Bearer ${UNKNOWN}`],
      ['that is none', 'Bearer let-me-in'],
      ['with bytes that are not ASCII', 'Bearer sk_live_\xfc\xff'],
      ['as long as nginx takes', `Bearer ${'a'.repeat(7_000)}`],
    ])('gets 401 and is told so for a secret %s', async (_, authorization) => {
      const answer = await sendRaw(['GET /invoices HTTP/1.1', `Authorization: ${authorization}`]);
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="latchkey", error="invalid_token"/);
      expect(application.seen).toEqual([]);
    });

    it('that has two secrets is verified by the first or by none, with every version of nginx, and the application sees neither', async () => {
      const sendBoth = ([first, second]: readonly string[]) =>
        sendRaw(['GET /invoices HTTP/1.1', `Authorization: Bearer ${first}`, `Authorization: Bearer ${second}`]);
      // nginx 1.22 takes the first; from 1.23 on it takes none.
      expect([200, 400]).toContain((await sendBoth([reader.secret, UNKNOWN])).status);
      expect([401, 400]).toContain((await sendBoth([UNKNOWN, reader.secret])).status);
      expect(application.seen.flatMap((request) => valuesLike(request, 'Authorization'))).toEqual([]);
    });
  });

  describe('a good key', () => {
    it('gets to the application, which receives whose it is and not the secret', async () => {
      const outcome = await send('GET', '/invoices/7?page=2&scopes=payments.read', reader);
      expect([outcome.status, outcome.body]).toEqual([200, '{"from":"application"}']);
      const request = theOne();
      expect([request.method, request.target]).toEqual(['GET', '/invoices/7?page=2&scopes=payments.read']);
      expect(identityIn(request)).toEqual(identityOf(reader, ['invoices.read', 'payments.create']));
      expect(valuesLike(request, 'Authorization')).toEqual([]);
      expect(JSON.stringify(request)).not.toContain(reader.secret);
      expect(JSON.stringify(request)).not.toContain(GATEWAY_TOKEN);
    });

    it('gets its body through, and Latchkey is not sent it', async () => {
      const body = { lines: 'x'.repeat(300_000) };
      const outcome = await send('POST', '/payments', reader, body);
      expect(outcome.status).toBe(200);
      const request = theOne();
      expect([request.method, request.body]).toEqual(['POST', JSON.stringify(body)]);
      const asked = latchkey.output.matchAll(/"method":"(\w+)","endpoint":"forward-auth"/g);
      expect([...new Set([...asked].map(([, method]) => method))]).toEqual(['GET']);
    });

    it('gets a body through that is sent in chunks', async () => {
      const lines = ['POST /payments HTTP/1.1', `Authorization: Bearer ${reader.secret}`, 'Transfer-Encoding: chunked'];
      const answer = await sendRaw(lines, '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n');
      expect([answer.status, theOne().body]).toEqual([200, 'hello world']);
    });

    it('that lacks a scope gets 403, with a challenge that names it', async () => {
      const outcome = await send('POST', '/invoices', reader, {});
      const challenge = `${REALM}, error="insufficient_scope", scope="invoices.create"`;
      expect([outcome.status, outcome.headers['www-authenticate']]).toEqual([403, challenge]);
      expect(JSON.parse(outcome.body)).toMatchObject({ status: 403 });
      expect(application.seen).toEqual([]);
    });

    it('needs every scope of a route that lists several', async () => {
      const half = await createKey({ scopes: ['payments.create'] });
      const outcome = await send('POST', '/payments', half, {});
      expect([outcome.status, outcome.headers['www-authenticate']]).toEqual([
        403,
        `${REALM}, error="insufficient_scope", scope="invoices.read"`,
      ]);
    });

    it('cannot choose its scopes: neither query nor headers of the client reach the question', async () => {
      const headers = { 'x-latchkey-scopes': 'invoices.read', 'x-latchkey-token': 'wrong', 'x-original-method': 'GET' };
      const client = { secret: reader.secret, headers };
      expect((await send('POST', '/invoices?scopes=invoices.read', client, {})).status).toBe(403);
      expect((await send('GET', '/invoices?scopes=nonsense&scopes=', client)).status).toBe(200);
    });

    it('without any scope reaches a route that asks for none, and no scope that it claims gets through', async () => {
      const [bare] = await seeded.createKeys(1);
      if (bare === undefined) {
        throw new Error('no key was made');
      }
      await seeded.schema.connection.query("UPDATE api_keys SET scopes = '[]' WHERE id = ?", [bytesOf(bare)]);
      const headers = { 'x-api-key-scopes': 'invoices.read' };
      const outcome = await send('GET', '/me', { secret: bare.secret, headers });
      expect([outcome.status, identityIn(theOne())]).toEqual([200, identityOf(bare, [])]);
    });

    it('opens nothing that the table of scopes does not list, nor the question itself', async () => {
      for (const path of ['/', '/latchkey', '/latchkey?scopes=', '/forward-auth', '/invoicesx', '/INVOICES', '/me/x']) {
        expect([path, (await send('GET', path, seeded.root)).status]).toEqual([path, 404]);
      }
      expect((await send('DELETE', '/invoices/7', seeded.root)).status).toBe(404);
      expect(application.seen).toEqual([]);
    });
  });

  describe('the path that was verified', () => {
    it.each(['/invoices/../payments', '//payments', '/./payments', '/invoices/..//./payments'])(
      'is the path that the application gets: %s',
      async (path) => {
        const payer = await createKey({ scopes: ['payments.read'] });
        const [refused, accepted] = await Promise.all(
          [reader, payer].map(({ secret }) => sendRaw([`GET ${path} HTTP/1.1`, `Authorization: Bearer ${secret}`])),
        );
        expect([refused?.status, accepted?.status, theOne().target]).toEqual([403, 200, '/payments']);
      },
    );

    it.each([
      '/invoices/..;/payments',
      '/invoices/..;x=y/payments',
      '/invoices;/../payments',
      '/payments;x=y',
      '/invoices/%2e%2e/payments',
      '/invoices/.%2E/payments',
      '/invoices%2f..%2fpayments',
      '/invoices/..%2Fpayments',
      '/invoices/..%5cpayments',
      '/invoices/..%5Cpayments',
      '/invoices/..\\payments',
      '/invoices\\..\\payments',
      '/invoices/..%3b/payments',
      '/invoices/%252e%252e/payments',
      '/invoices/..%252fpayments',
      '/invoices/..%25252fpayments',
      '/invoices/..%255cpayments',
      '/invoices/%c0%ae%c0%ae/payments',
      '/invoices#/../payments',
      'http://api.example.com/invoices/..;/payments',
    ])('must not be one that an application may read as another: %s is 400', async (path) => {
      const answers = await Promise.all(
        [reader, seeded.root].map(({ secret }) => sendRaw([`GET ${path} HTTP/1.1`, `Authorization: Bearer ${secret}`])),
      );
      for (const { status, headers, body } of answers) {
        expect([status, headers['content-type']]).toEqual([400, 'application/json']);
        expect(JSON.parse(body)).toMatchObject({ status: 400 });
      }
      expect(application.seen).toEqual([]);
    });

    it('may have any of that behind its question mark', async () => {
      const query = '?a=..;b&c=%2e%2e%2f%5c\\&d=%23';
      expect((await sendRaw([`GET /invoices${query} HTTP/1.1`, `Authorization: Bearer ${reader.secret}`])).status).toBe(
        200,
      );
      expect(theOne().target).toBe(`/invoices${query}`);
    });

    it('keeps what is no part of its form: spaces, signs and line breaks stay encoded', async () => {
      const path = '/invoices/a%20b%0d%0aX-Api-Key-Id:%20x%3Fq';
      expect((await send('GET', `${path}?a=%0d%0a`, reader)).status).toBe(200);
      expect(theOne().target.toLowerCase()).toBe(`${path}?a=%0d%0a`.toLowerCase());
      expect(identityIn(theOne())).toEqual(identityOf(reader, ['invoices.read', 'payments.create']));
    });
  });

  describe('identity that the client claims', () => {
    it.each([
      ['as it is', (name: string) => name],
      ['in lower case', (name: string) => name.toLowerCase()],
      ['in upper case', (name: string) => name.toUpperCase()],
      ['with underscores', (name: string) => name.replaceAll('-', '_')],
      ['with one underscore', (name: string) => name.replace('-', '_')],
      ['with dots', (name: string) => name.replaceAll('-', '.')],
      ['with other signs', (name: string) => name.replaceAll('-', '~')],
    ])('does not survive, spelt %s, once or twice', async (_, spell) => {
      const claims = IDENTITY.flatMap((name) => [`${spell(name)}: forged`, `${spell(name)}: forged-too`]);
      const lines = ['GET /invoices HTTP/1.1', `Authorization: Bearer ${reader.secret}`, ...claims];
      expect((await sendRaw(lines)).status).toBe(200);
      expect(identityIn(theOne())).toEqual(identityOf(reader, ['invoices.read', 'payments.create']));
      expect(JSON.stringify(theOne())).not.toContain('forged');
    });

    it('does not survive in trailers, nor can it remove what nginx sets', async () => {
      const lines = [
        'POST /payments HTTP/1.1',
        `Authorization: Bearer ${reader.secret}`,
        `Connection: ${IDENTITY.join(', ')}`,
        'Transfer-Encoding: chunked',
        `Trailer: ${IDENTITY.join(', ')}`,
      ];
      const trailers = IDENTITY.map((name) => `${name}: forged\r\n`).join('');
      const answer = await sendRaw(lines, `2\r\nhi\r\n0\r\n${trailers}\r\n`);
      expect([answer.status, theOne().body]).toEqual([200, 'hi']);
      expect(identityIn(theOne())).toEqual(identityOf(reader, ['invoices.read', 'payments.create']));
    });

    it('does not survive with a blank before the colon: it is no request at all', async () => {
      const lines = ['GET /invoices HTTP/1.1', `Authorization: Bearer ${reader.secret}`, 'X-Api-Key-Id : forged'];
      expect([400, 200]).toContain((await sendRaw(lines)).status);
      expect(JSON.stringify(application.seen)).not.toContain('forged');
    });
  });

  describe('what a client claims about itself', () => {
    const CLAIMS = [
      ...['Forwarded', 'X-Real-IP', 'X-Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Port'],
      ...['X-Forwarded-Proto', 'X-Forwarded-Prefix', 'X-Forwarded-Server', 'X-Forwarded-Uri', 'X-Forwarded-User'],
      ...['X-Client-IP', 'True-Client-IP', 'CF-Connecting-IP', 'Client-IP', 'X-Cluster-Client-IP', 'Via', 'Proxy'],
      ...['X-Original-URL', 'X-Rewrite-URL', 'X-Original-Method', 'X-HTTP-Method-Override', 'X-Method-Override'],
      ...['X-Organization-Id', 'X-Organization-Name', 'X-Api-Key-Id', 'X-Api-Key-Scopes', 'X-Api-Key-Label'],
      ...['X-Latchkey-Token', 'X-Latchkey-Scopes', 'X-Latchkey-Anything', 'Cookie', 'TE', 'Upgrade', 'Trailer'],
    ];

    it.each([
      ['as it is', (name: string) => name],
      ['in lower case', (name: string) => name.toLowerCase()],
      ['in upper case', (name: string) => name.toUpperCase()],
      ['with underscores', (name: string) => name.replaceAll('-', '_')],
      ['with dots', (name: string) => name.replaceAll('-', '.')],
    ])('never reaches the application, its names spelt %s', async (_, spell) => {
      const claims = CLAIMS.map((name) => `${spell(name)}: forged`);
      const answer = await sendRaw(['GET /invoices HTTP/1.1', `Authorization: Bearer ${reader.secret}`, ...claims]);
      expect(answer.status).toBe(200);
      const request = theOne();
      expect(JSON.stringify(request)).not.toContain('forged');
      expect(
        ['X-Real-IP', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Port', 'X-Forwarded-Proto'].map((name) =>
          valuesLike(request, name),
        ),
      ).toEqual([['127.0.0.1'], ['127.0.0.1'], ['api.example.com'], [String(gateway.port)], ['http']]);
    });

    it('reaches it if it is about the request: types, languages, conditions, ranges', async () => {
      const headers = {
        accept: 'application/json;q=0.5',
        'accept-language': 'de',
        'accept-encoding': 'gzip',
        'content-type': 'application/vnd.example+json',
        'if-match': '"a"',
        'if-none-match': '"b"',
        range: 'bytes=0-1',
        'idempotency-key': 'k-1',
        'user-agent': 'client/1.0',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      };
      const answer = await sendRaw(
        [
          'POST /payments HTTP/1.1',
          `Authorization: Bearer ${reader.secret}`,
          'Content-Length: 2',
          ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
        ],
        '{}',
      );
      expect(answer.status).toBe(200);
      expect(Object.fromEntries(theOne().headers)).toMatchObject(headers);
      expect(theOne().body).toBe('{}');
    });
  });

  describe('a key that is restricted to an address', () => {
    it('is verified by the address from which the client came to nginx', async () => {
      expect((await send('GET', '/invoices', { ...restricted, from: ELSEWHERE })).status).toBe(200);
      const outcome = await send('GET', '/invoices', restricted);
      expect([outcome.status, outcome.headers['www-authenticate']]).toEqual([403, REALM]);
      expect(application.seen).toHaveLength(1);
    });

    it.each(['X-Real-IP', 'x-real-ip', 'X_Real_IP', 'X-Forwarded-For', 'Forwarded'])(
      'is not let in by what the client says of itself in %s',
      async (name) => {
        const client = { ...restricted, headers: { [name]: name === 'Forwarded' ? `for=${ELSEWHERE}` : ELSEWHERE } };
        expect((await send('GET', '/invoices', client)).status).toBe(403);
        expect((await send('GET', '/invoices', { ...client, from: ELSEWHERE })).status).toBe(200);
        expect(valuesLike(theOne(), 'X-Forwarded-For')).toEqual([ELSEWHERE]);
      },
    );
  });

  it('decides each of a thousand requests with mixed keys and addresses correctly', async () => {
    const [expiring, deleted, payer] = await Promise.all([
      createKey({ expires_at: await seeded.timeIn(3) }),
      createKey({}),
      createKey({ scopes: ['payments.read', 'payments.create', 'invoices.read'] }),
    ]);
    await latchkey.must('DELETE', `${KEYS}/${deleted.id}`, seeded.root);
    await latchkey.untilCurrent(expiring, 401);
    const clients = [
      { key: seeded.root, may: () => true },
      { key: reader, may: (route: string) => route !== 'POST /invoices' },
      { key: payer, may: (route: string) => route !== 'POST /invoices' },
      { key: restricted, may: (_: string, from: string) => from === ELSEWHERE },
      { key: expiring, may: null },
      { key: deleted, may: null },
      { key: { id: 'none', secret: UNKNOWN }, may: null },
    ];
    const routes = ['GET /invoices', 'POST /invoices', 'POST /payments'];
    let unavailable = 0;
    const decide = async (number: number) => {
      const { key, may } = clients[number % clients.length] ?? { key: reader, may: null };
      const route = routes[number % routes.length] ?? '';
      const from = number % 2 === 0 ? '127.0.0.1' : ELSEWHERE;
      const [method = '', path = ''] = route.split(' ');
      const body = method === 'POST' ? { number } : undefined;
      let outcome = await send(method, `${path}/${number}`, { ...key, from }, body);
      // On a busy machine the database may be slow, which is no verdict about the key.
      for (let attempt = 1; outcome.status === 503 && attempt < 5; attempt++) {
        unavailable += 1;
        outcome = await send(method, `${path}/${number}`, { ...key, from }, body);
      }
      const expected = may === null ? 401 : may(route, from) ? 200 : 403;
      return { number, key, outcome, expected };
    };
    const beganMs = performance.now();
    const decided = (
      await Promise.all(
        Array.from({ length: 20 }, async (_, client) => {
          const mine = [];
          for (let number = client; number < 1_000; number += 20) {
            mine.push(await decide(number));
          }
          return mine;
        }),
      )
    ).flat();
    const tookMs = Math.round(performance.now() - beganMs);
    const outcomes = decided.map(({ outcome }) => outcome);
    process.stderr.write(
      `measured: 1000 requests behind nginx, 20 at a time: ${tookMs} ms, ${JSON.stringify(tally(outcomes))}, 503 and asked again: ${unavailable}\n`,
    );
    expect(decided.filter(({ outcome, expected }) => outcome.status !== expected)).toEqual([]);
    const seen = new Map(application.seen.map((request) => [Number(request.target.split('/')[2]), request]));
    const accepted = decided.filter(({ expected }) => expected === 200);
    expect([seen.size, application.seen.length]).toEqual([accepted.length, accepted.length]);
    for (const { number, key } of accepted) {
      const request = seen.get(number);
      expect(request === undefined ? [] : valuesLike(request, 'X-Api-Key-Id')).toEqual([key.id]);
    }
  }, 60_000);

  it('asks over connections that it keeps', async () => {
    const counted = await startCountingProxy(latchkey.internalUrl);
    try {
      const itsGateway = await startGateway({ ...surroundings(), latchkeyUrl: counted.url });
      for (let number = 0; number < 50; number++) {
        expect((await sendTo(itsGateway, 'GET', '/invoices', reader)).status).toBe(200);
      }
      // One for each of its workers, which are as many as the machine has cores.
      expect(counted.connections()).toBeLessThanOrEqual(availableParallelism());
    } finally {
      counted.close();
    }
  });

  describe('an outage', () => {
    it.each(['closed', 'severed'] as const)(
      'of the database (%s) is 503 with Retry-After for every key, and over when it is back',
      async (mode) => {
        proxy.set(mode);
        try {
          const ask = () => send('GET', '/invoices', reader);
          await eventually('the bound is over', async () => (await ask()).status === 503, 20_000);
          application.seen.length = 0;
          for (const client of [reader, { secret: UNKNOWN }, restricted]) {
            expectUnavailable(await send('GET', '/invoices', client));
          }
        } finally {
          proxy.set('open');
        }
        await eventually('it is back', async () => (await send('GET', '/invoices', reader)).status === 200, 20_000);
      },
      60_000,
    );

    it('of Latchkey itself, which hangs, is 503 within five seconds', async () => {
      latchkey.signal('SIGSTOP');
      try {
        const outcome = await send('GET', '/invoices', reader);
        expectUnavailable(outcome);
        expect(outcome.ms).toBeLessThan(5_000);
      } finally {
        latchkey.signal('SIGCONT');
      }
      await eventually('it is back', async () => (await send('GET', '/invoices', reader)).status === 200, 20_000);
    }, 60_000);

    it('of Latchkey itself, which is stopped between two requests, is 503 with Retry-After, never 200', async () => {
      const another = await TestProcess.start({
        database: seeded.schema.url,
        env: { ...GATEWAY_ENV, OUTAGE_GRACE_MS: '0' },
        keepAlive: true,
      });
      const itsGateway = await startGateway({ ...surroundings(), latchkeyUrl: another.internalUrl });
      await eventually('it serves', async () => (await sendTo(itsGateway, 'GET', '/invoices', reader)).status === 200);
      expect(await another.stop()).toBe(0);
      application.seen.length = 0;
      for (const client of [reader, { secret: UNKNOWN }, {}]) {
        expectUnavailable(await sendTo(itsGateway, 'GET', '/invoices', client));
      }
    }, 60_000);

    it('of the application is 502, and reveals nothing about the key', async () => {
      const orphan = await startGateway({ ...surroundings(), applicationUrl: 'http://127.0.0.1:1' });
      const outcome = await sendTo(orphan, 'GET', '/invoices', reader);
      expect([outcome.status, outcome.headers['www-authenticate']]).toEqual([502, undefined]);
    });
  });

  it('responds 503 without a verdict when Latchkey does not recognize the gateway', async () => {
    const unrecognized = await startGateway({ ...surroundings(), token: 'x'.repeat(40) });
    for (const client of [reader, { secret: UNKNOWN }, {}]) {
      expectUnavailable(await sendTo(unrecognized, 'GET', '/invoices', client));
    }
    expect(unrecognized.complaints()).toContain('auth request unexpected status: 500');
  });
});

/** A proxy in front of a server that counts its connections. */
async function startCountingProxy(to: string) {
  const { hostname, port } = new URL(to);
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
    const onward = connect(Number(port), hostname);
    client.pipe(onward).pipe(client);
    for (const socket of [client, onward]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        onward.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    close: () => server.close(),
  };
}
