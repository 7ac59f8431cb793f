import { once } from 'node:events';
import { connect } from 'node:net';
import { callInternal, INTERNAL_ENV, internalRequestLines, TOKENS } from './internal-calls.js';
import { type Fixture, startFixture } from '../support/fixtures.js';
import { TestApp } from '../support/test-app.js';
import { eventually } from '../support/eventually.js';
import { expectFailure } from '../support/expect-answer.js';

const CHALLENGE = 'Bearer realm="latchkey-internal"';

describe('the listener for services', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture({ env: INTERNAL_ENV });
  });
  afterAll(() => fixture.app.close());

  const at = (path: string, init: RequestInit = {}) => fetch(`${fixture.app.internalUrl}${path}`, init);
  const gateway = { 'x-latchkey-token': TOKENS.gateway };

  describe('asks who calls:', () => {
    it.each(Object.entries(TOKENS))('%s may, each of its tokens for as long as it is set', async (_, token) => {
      expect((await callInternal(fixture, '/verify', { secret: 'x' }, { token })).status).toBe(200);
    });

    it.each([
      ['no token', {}],
      ['another', { authorization: `Bearer ${'x'.repeat(32)}` }],
      ['a longer one', { authorization: `Bearer ${TOKENS.billing}x` }],
      ['the beginning of one', { authorization: `Bearer ${TOKENS.billing.slice(0, -1)}` }],
      ['a name', { authorization: 'Bearer billing' }],
      ['one without its scheme', { authorization: TOKENS.billing }],
      ["a gateway's header", gateway],
      ['Basic', { authorization: `Basic ${Buffer.from(`billing:${TOKENS.billing}`).toString('base64')}` }],
    ])('%s is 401 at /verify and /verify/batch, whatever the body', async (_, headers) => {
      for (const path of ['/verify', '/verify/batch']) {
        const answer = await callInternal(fixture, path, { nonsense: 1 }, { token: null, headers });
        expectFailure(answer, 401, { error: /INTERNAL_TOKENS/, challenge: CHALLENGE });
      }
    });

    it('no thousand headers before it hide a second one, or an address', async () => {
      const fillers = 'A: \r\n'.repeat(1_100);
      const { secret } = await fixture.createKey({ ip_allow_list: ['127.0.0.1'] });
      const ask = (port: string, path: string, headers: string) =>
        raw(`GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}Connection: close\r\n\r\n`, Number(port));
      const bearer = `Authorization: Bearer ${secret}\r\n`;
      const publicPort = new URL(fixture.app.url).port;
      const current = '/developers/api_keys/current';
      expect(await ask(publicPort, current, bearer)).toMatch(/^HTTP\/1\.1 200 /);
      expect(await ask(publicPort, current, `${bearer}${fillers}X-Forwarded-For: 192.0.2.1\r\n`)).toMatch(
        /^HTTP\/1\.1 403 /,
      );
      expect(await ask(publicPort, current, `${bearer}${fillers}${bearer}`)).toMatch(/^HTTP\/1\.1 401 /);
      const forwardAuth = `X-Latchkey-Token: ${TOKENS.gateway}\r\nX-Real-IP: 127.0.0.1\r\n${bearer}`;
      const { port } = new URL(fixture.app.internalUrl);
      const path = '/forward-auth?scopes=';
      expect(await ask(port, path, forwardAuth)).toMatch(/^HTTP\/1\.1 200 /);
      expect(await ask(port, path, `${forwardAuth}${fillers}X-Real-IP: 192.0.2.1\r\n`)).toMatch(/^HTTP\/1\.1 403 /);
    });

    it('two headers are none', async () => {
      const request = `POST /verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKENS.billing}\r\nAuthorization: Bearer ${TOKENS.billing}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
      expect(await raw(request)).toMatch(/^HTTP\/1\.1 401 /);
    });

    it.each<Record<string, string>>([
      {},
      { 'x-latchkey-token': 'x'.repeat(40) },
      { authorization: `Bearer ${TOKENS.gateway}` },
    ])('a gateway with %j is 500 and not 401, which would be a decision about a key', async (headers) => {
      const { secret } = fixture.root;
      const response = await at('/forward-auth?scopes=', {
        headers: { authorization: `Bearer ${secret}`, ...headers },
      });
      expect(response.status).toBe(500);
      expect(response.headers.get('x-api-key-id')).toBeNull();
      expect(await response.text()).toContain('X-Latchkey-Token');
    });

    it('health and metrics need no token', async () => {
      const ready = await at('/health/ready');
      expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready', database: 'reachable' }]);
      expect((await at('/health/live')).status).toBe(200);
      const metrics = await at('/metrics');
      expect([metrics.status, metrics.headers.get('content-type')]).toEqual([
        200,
        'text/plain; version=0.0.4; charset=utf-8',
      ]);
      expect(await metrics.text()).toContain('latchkey_change_feed_age_seconds');
      const head = await at('/metrics', { method: 'HEAD' });
      expect([head.status, await head.text()]).toEqual([200, '']);
    });
  });

  describe('behind a gateway', () => {
    const ask = (query: string, headers: Record<string, string> = {}) =>
      at(`/forward-auth${query}`, {
        headers: { authorization: `Bearer ${fixture.root.secret}`, ...gateway, ...headers },
      });

    it('names the key and its organization, always in three headers, and nothing else', async () => {
      const key = await fixture.createKey({ scopes: ['invoices.read', 'products.read'] });
      const response = await ask('?scopes=products.read', { authorization: `Bearer ${key.secret}` });
      expect([response.status, await response.text()]).toEqual([200, '']);
      expect(response.headers.get('x-organization-id')).toBe(fixture.organizationId);
      expect(response.headers.get('x-api-key-id')).toBe(key.id);
      expect(response.headers.get('x-api-key-scopes')).toBe('invoices.read products.read');
      expect(response.headers.get('cache-control')).toBe('no-store');
    });

    it.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND'])('takes %s', async (method) => {
      const headers = { authorization: `Bearer ${fixture.root.secret}`, ...gateway };
      expect((await at('/forward-auth?scopes=', { method, headers })).status).toBe(200);
    });

    it.each([
      '?scopes=',
      '?scopes=invoices.read',
      '?scopes=invoices.read,products.read',
      '?scopes=invoices.read+products.read',
    ])('takes %s', async (query) => {
      expect((await ask(query)).status).toBe(200);
    });

    it.each([
      '',
      '?',
      '?scope=invoices.read',
      '?scopes=invoices.read&scopes=',
      '?scopes=invoices.fly',
      '?scopes=&client=1',
      '?Scopes=',
      '?scopes[]=invoices.read',
    ])('refuses %j with 400: the configuration must state it exactly once', async (query) => {
      const response = await ask(query);
      expect([response.status, response.headers.get('x-api-key-id')]).toEqual([400, null]);
    });

    it('asks Envoy for its header of scopes, once, and looks neither at path nor at query', async () => {
      const envoy = (headers: [string, string][]) =>
        at('/forward-auth/envoy/any%2Fpath/../x?scopes=users.update', {
          headers: [['authorization', `Bearer ${fixture.root.secret}`], ...Object.entries(gateway), ...headers],
        });
      expect((await envoy([['x-latchkey-scopes', 'invoices.read']])).status).toBe(200);
      expect((await envoy([['x-latchkey-scopes', '']])).status).toBe(200);
      expect((await envoy([['x-latchkey-scopes', 'invoices.fly']])).status).toBe(400);
      expect((await envoy([])).status).toBe(400);
    });

    it('takes the address from its header alone, once, and only if it is one', async () => {
      const key = await fixture.createKey({ ip_allow_list: ['127.0.0.1', '192.0.2.7'] });
      const bearer = { authorization: `Bearer ${key.secret}` };
      const statusWith = async (headers: Record<string, string>) =>
        (await ask('?scopes=', { ...bearer, ...headers })).status;
      expect(await statusWith({ 'x-real-ip': '192.0.2.7' })).toBe(200);
      expect(await statusWith({ 'x-real-ip': '192.0.2.8' })).toBe(403);
      expect(await statusWith({})).toBe(403);
      expect(await statusWith({ 'x-forwarded-for': '192.0.2.7' })).toBe(403);
      expect(await statusWith({ 'x-real-ip': '192.0.2.7, 192.0.2.8' })).toBe(403);
      expect(await statusWith({ 'x-real-ip': '192.0.2.7:80' })).toBe(403);
      const twice = `GET /forward-auth?scopes= HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key.secret}\r\nX-Latchkey-Token: ${TOKENS.gateway}\r\nX-Real-IP: 192.0.2.7\r\nX-Real-IP: 192.0.2.7\r\nConnection: close\r\n\r\n`;
      expect(await raw(twice)).toMatch(/^HTTP\/1\.1 403 /);
    });
  });

  it('believes no address of a gateway that is not trusted', async () => {
    const other = await startFixture({ env: { ...INTERNAL_ENV, FORWARD_AUTH_TRUSTED_PEERS: '192.0.2.1' } });
    try {
      const key = await other.createKey({ ip_allow_list: ['192.0.2.7'] });
      const headers = { authorization: `Bearer ${key.secret}`, 'x-real-ip': '192.0.2.7', ...gateway };
      expect((await fetch(`${other.app.internalUrl}/forward-auth?scopes=`, { headers })).status).toBe(403);
    } finally {
      await other.app.close();
    }
  });

  it('without tokens is open to this machine, and the start logs it', async () => {
    const app = await TestApp.start();
    try {
      const response = await fetch(`${app.internalUrl}/verify`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"secret":"x"}',
      });
      expect(response.status).toBe(200);
      expect(app.logs.join('')).toContain('INTERNAL_TOKENS is empty');
      // But not to a page that a browser on this machine loaded under another name.
      const port = Number(new URL(app.internalUrl).port);
      const metrics = (host: string) =>
        raw(`GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, port);
      for (const host of ['rebound.example', '192.0.2.1:3001', '']) {
        expect(await metrics(host)).toMatch(/^HTTP\/1\.1 421 /);
      }
      for (const host of ['localhost', '127.0.0.1:3001', '[::1]:3001']) {
        expect(await metrics(host)).toMatch(/^HTTP\/1\.1 200 /);
      }
    } finally {
      await app.close();
    }
  });

  describe('without tokens takes nothing from a page of another site,', () => {
    let app: TestApp;
    let secret: string;
    beforeAll(async () => {
      app = await TestApp.start();
      ({ secret } = await app.createKey(await app.createOrganization()));
    });
    afterAll(() => app.close());

    const FORM = 'application/x-www-form-urlencoded';
    const post = async (path: string, type: string, body: string, headers: readonly string[]) => {
      const { host, port } = new URL(app.internalUrl);
      const fixed = [`Host: ${host}`, `Content-Type: ${type}`, `Content-Length: ${body.length}`, 'Connection: close'];
      const answer = await raw(
        `POST ${path} HTTP/1.1\r\n${[...fixed, ...headers].join('\r\n')}\r\n\r\n${body}`,
        Number(port),
      );
      return { status: Number(answer.slice(9, 12)), answer };
    };
    const introspect = (...headers: string[]) => post('/introspect', FORM, `token=${secret}`, headers);
    const verify = (...headers: string[]) => post('/verify', 'application/json', JSON.stringify({ secret }), headers);

    it.each([
      ['that says so', ['Sec-Fetch-Site: cross-site']],
      ['of another port, which is the same site', ['Sec-Fetch-Site: same-site']],
      ['that says two things', ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site']],
      ['with an unknown word', ['Sec-Fetch-Site: elsewhere']],
      ['of an older browser', ['Origin: https://example.com']],
      ['of an older browser on this machine', ['Origin: http://localhost:8080']],
      ['in a sandbox', ['Origin: null']],
    ])('%s: 403, with the reason', async (_, headers) => {
      for (const ask of [introspect, verify]) {
        const { status, answer } = await ask(...headers);
        expect(status).toBe(403);
        expect(answer).toContain('INTERNAL_TOKENS');
        expect(answer).not.toContain('"active":true');
      }
    });

    it('and takes what services, its own pages and a person at the address bar send', async () => {
      const { origin } = new URL(app.internalUrl);
      for (const headers of [[], ['Sec-Fetch-Site: same-origin', `Origin: ${origin}`], ['Sec-Fetch-Site: none']]) {
        expect((await introspect(...headers)).status).toBe(200);
        expect((await verify(...headers)).status).toBe(200);
      }
    });

    it.each(['text/plain', FORM, 'multipart/form-data; boundary=x'])(
      'nor does /verify take what a form can send: %s is 415 whatever the site',
      async (type) => {
        const body = JSON.stringify({ secret });
        expect((await post('/verify', type, body, [])).status).toBe(415);
        expect((await post('/verify/batch', type, body, [])).status).toBe(415);
      },
    );

    it('and gives no page leave to ask: a preflight is refused, and no answer names an origin', async () => {
      const preflight = await fetch(`${app.internalUrl}/verify`, {
        method: 'OPTIONS',
        headers: { origin: 'https://example.com', 'access-control-request-method': 'POST' },
      });
      expect(preflight.status).toBe(405);
      for (const { answer } of [await introspect(), await verify('Origin: https://example.com')]) {
        expect(answer).not.toMatch(/access-control-allow/i);
      }
      expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    });

    it('while a link to the metrics may be followed', async () => {
      const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
      expect((await fetch(`${app.internalUrl}/metrics`, { headers })).status).toBe(200);
    });
  });

  it('with tokens lets a browser ask that shows one, wherever its page is from', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://example.com' };
    expect((await callInternal(fixture, '/verify', { secret: 'x' }, { headers })).status).toBe(200);
  });

  it.each([
    ['GET', '/verify', 405, 'POST'],
    ['PUT', '/verify/batch', 405, 'POST'],
    ['POST', '/metrics', 405, 'GET, HEAD'],
    ['POST', '/health/live', 405, 'GET, HEAD'],
    ['POST', '/verify/', 404, null],
    ['POST', '/Verify', 404, null],
    ['GET', '/', 404, null],
    ['GET', '/developers/api_keys', 404, null],
    ['GET', '/forward-authx', 404, null],
    ['GET', '/forward-auth/nginx', 404, null],
  ])('answers %s %s with %i in the envelope', async (method, path, status, allow) => {
    const answer = await callInternal(fixture, path, undefined, { method });
    expectFailure(answer, status);
    expect(answer.headers.get('allow')).toBe(allow);
  });

  it.each([
    ['no Host', 'GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['two Hosts', 'GET /health/live HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n', 400],
    ['what is no HTTP', 'hello\r\n\r\n', 400],
    ['a target that is no address', 'GET foo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 400],
    ['headers without end', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['CONNECT', 'CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n', 405],
    ['an upgrade', 'GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n', 200],
  ])('answers %s, and ends the connection', async (_, request, status) => {
    const answer = await raw(request);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    if (status !== 200) {
      expect(JSON.parse(answer.slice(answer.indexOf('{')))).toMatchObject({ status, data: null });
    }
  });

  it('answers requests that come at once in their order', async () => {
    const one = (id: string) => `GET /health/${id} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const answer = await raw(
      `${one('live')}${one('nothing')}GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '404', '200']);
  });

  it('sends how long a connection may be idle, but not with the last response on one', async () => {
    const answer = await raw(
      `GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    const [first = '', last = ''] = answer.split('HTTP/1.1 200 OK').slice(1);
    expect(first).toMatch(/\r\nConnection: keep-alive\r\n/);
    expect(first).toMatch(/\r\nKeep-Alive: timeout=65\r\n/);
    expect(last).toMatch(/\r\nConnection: close\r\n/);
    expect(last).not.toMatch(/Keep-Alive/i);
    const refused = await raw(`GET /health/live HTTP/1.1\r\nHost: x\r\nExpect: something\r\n\r\n`);
    expect(refused).toMatch(/^HTTP\/1\.1 417 [^]*\r\nConnection: close\r\n/);
    expect(refused).not.toMatch(/Keep-Alive/i);
  });

  it('gives up on a client that is too slow with its headers, or with its body', async () => {
    const head = `POST /verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKENS.billing}\r\nContent-Type: application/json\r\n`;
    const form = `POST /introspect HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKENS.billing}\r\nContent-Type: application/x-www-form-urlencoded\r\n`;
    const [slowHead, slowBody, slowForm] = await Promise.all([
      raw(head),
      raw(`${head}Content-Length: 20\r\n\r\n{"secret"`),
      raw(`${form}Content-Length: 20\r\n\r\ntoken`),
    ]);
    expect(slowHead).toMatch(/^HTTP\/1\.1 408 /);
    expect(slowBody).toMatch(/^HTTP\/1\.1 408 /);
    expect(JSON.parse(slowBody.slice(slowBody.indexOf('{')))).toMatchObject({ status: 408, data: null });
    // In the error format of OAuth, like every response of that endpoint.
    expect(JSON.parse(slowForm.slice(slowForm.indexOf('{')))).toMatchObject({ error: 'invalid_request' });
    await eventually('both are in the log, with the reason', () => {
      const late = internalRequestLines(fixture).filter(({ error_code: code }) => code === 'ERR_HTTP_REQUEST_TIMEOUT');
      return (
        late
          .map(({ endpoint }) => String(endpoint))
          .sort()
          .join() === 'introspect,null,verify'
      );
    });
  }, 20_000);

  it('logs who was refused, under the endpoint where it was', async () => {
    const answer = await callInternal(fixture, '/verify', {}, { token: 'x'.repeat(40) });
    const line = internalRequestLines(fixture).find(({ support_id: id }) => id === answer.body.support_id);
    expect(line).toMatchObject({ endpoint: 'verify', client: null, status: 401, error_code: 'CLIENT_UNKNOWN' });
  });

  /** Sends bytes, and reads until the connection ends. */
  async function raw(request: string, port = Number(new URL(fixture.app.internalUrl).port)): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.write(request);
    await once(socket, 'close');
    return answer;
  }
});
