import { METHODS } from 'node:http';
import { RawClient } from '../support/raw-client.js';
import { EdgeApp, expectFailure } from './edge-app.js';

let edge: EdgeApp;
beforeAll(async () => {
  edge = await EdgeApp.start();
});
afterAll(() => edge.close());
beforeEach(() => {
  edge.forgetLog();
});

async function one(request: string) {
  const client = await RawClient.connect(edge.port);
  client.send(request);
  const [answer, ...more] = await client.answersUntilClose();
  expect(more).toEqual([]);
  return { status: answer?.status ?? 0, headers: answer?.headers ?? {}, body: answer?.body ?? '' };
}
const request = (method: string, path: string, headers = '') =>
  one(`${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`);

describe('a path that does not exist', () => {
  it.each(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])('is 404 by %s', async (method) => {
    const { body } = await request(method, '/nowhere?token=hidden', 'X-Refuse: yes\r\n');
    expect(expectFailure(body, 404).error).toBe(`There is no route for ${method} at this path.`);
  });

  it('is not shown back: it may hold a secret, in a spelling that no pattern matches', async () => {
    const { body } = await request('GET', `/<script>|${'x'.repeat(5_000)}`);
    expect(expectFailure(body, 404).error).toBe('There is no route for GET at this path.');
  });

  it.each(['/', '//', '/things/', '/./things', '/%2e%2e', '/health', '/health/liveness', '/things/a/b', '/:id', '*'])(
    'is 404 or a route, in the envelope, for %s',
    async (path) => {
      const { status, body } = await request('GET', path);
      expect([200, 404]).toContain(status);
      expect(Object.keys(JSON.parse(body) as object)).toHaveLength(8);
    },
  );
});

describe('a target made of anything that HTTP lets through', () => {
  it('never falls through to an answer that is not the envelope', async () => {
    const alphabet = '/abc.%25?#&=:;@!$\'()*+,[]{}|^`<>"\\~-_thingshelv';
    const client = await RawClient.connect(edge.port);
    for (let round = 0; round < 500; round += 1) {
      const target = Array.from(
        { length: 1 + (round % 20) },
        () => alphabet[Math.floor(Math.random() * alphabet.length)],
      ).join('');
      client.send(`${round % 2 === 0 ? 'GET' : 'OPTIONS'} /${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
    }
    for (const { body } of await client.answers(500)) {
      expect(Object.keys(JSON.parse(body) as object)).toHaveLength(8);
    }
    client.destroy();
  });
});

describe('a method that a path does not have', () => {
  it.each([
    ['PATCH', '/things', 'GET, HEAD, POST'],
    ['DELETE', '/things', 'GET, HEAD, POST'],
    ['OPTIONS', '/things', 'GET, HEAD, POST'],
    ['TRACE', '/things', 'GET, HEAD, POST'],
    ['POST', '/things/abc', 'DELETE, GET, HEAD, PATCH, PUT'],
    ['OPTIONS', '/things/abc', 'DELETE, GET, HEAD, PATCH, PUT'],
    ['OPTIONS', '/things/poke', 'DELETE, GET, HEAD, PATCH, POST, PUT'],
    ['PUT', '/health/live', 'GET, HEAD'],
  ])('is 405 with Allow for %s %s', async (method, path, allow) => {
    const { status, headers, body } = await request(method, path);
    expect(status).toBe(405);
    expect(headers.allow).toBe(allow);
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(expectFailure(body, 405).error).toContain(method);
  });

  it('gets the envelope for every method of HTTP', async () => {
    const bodiless = ['HEAD', 'CONNECT', 'GET', 'POST'];
    for (const method of METHODS.filter((name) => !bodiless.includes(name))) {
      const { body } = await request(method, '/things');
      expectFailure(body, 405);
    }
  });

  it('is 405 without a body for HEAD where there is no GET, and without Express answering OPTIONS by itself', async () => {
    const client = await RawClient.connect(edge.port);
    client.send('HEAD /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await client.answersUntilClose().catch(() => []);
    expect(client.text).toMatch(/^HTTP\/1\.1 404 /);
    expect(client.text.endsWith('\r\n\r\n')).toBe(true);
  });
});

describe('percent-encoding that is malformed', () => {
  it.each(['/things/%', '/things/%zz', '/things/%ff', '/things/%e0%a4%a', '/things/%c0%af'])(
    'is 400 for %s',
    async (path) => {
      const { body } = await request('GET', path);
      expect(expectFailure(body, 400).error).toContain('percent-encoding');
      expect(await edge.requestLines(1)).toMatchObject([{ status: 400, error_code: 'MALFORMED_URL', endpoint: null }]);
    },
  );

  it('in a query is not an error of the address', async () => {
    expect((await request('GET', '/things?colour=%zz')).status).toBe(400);
    expect((await request('GET', '/things?after=%zz')).status).toBe(200);
  });
});

describe('Accept', () => {
  it.each([
    'text/html',
    'application/xml',
    'application/json;q=0',
    'text/*',
    'application/vnd.api+json',
    'application/json;q=0, */*;q=0',
    '*/*;q=0',
  ])('that excludes JSON (%s) is 406, on routes and off them', async (accept) => {
    for (const path of ['/things/abc', '/nowhere']) {
      const { body } = await request('GET', path, `Accept: ${accept}\r\n`);
      expectFailure(body, 406);
    }
  });

  it.each([
    'application/json',
    'application/*',
    '*/*',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'text/html, application/json;q=0.1',
    'APPLICATION/JSON',
    '',
  ])('that allows JSON (%j) is served', async (accept) => {
    expect((await request('GET', '/things/abc', `Accept: ${accept}\r\n`)).status).toBe(200);
  });

  it('is left to the documents and health', async () => {
    expect((await request('GET', '/docs', 'Accept: text/html\r\n')).status).toBe(404);
    expect((await request('GET', '/docs/x', 'Accept: text/html\r\n')).status).toBe(404);
    expect((await request('GET', '/docsx', 'Accept: text/html\r\n')).status).toBe(406);
    expect((await request('GET', '/health/live', 'Accept: text/html\r\n')).status).toBe(200);
  });
});

describe('Host', () => {
  it.each([
    ['missing in HTTP/1.1', 'GET /things/abc HTTP/1.1\r\n\r\n'],
    ['given twice', 'GET /things/abc HTTP/1.1\r\nHost: a\r\nHOST: b\r\n\r\n'],
  ])('%s is 400', async (_, text) => {
    const { headers, body } = await one(text);
    expect(headers.connection).toBe('close');
    expectFailure(body, 400);
    expect(await edge.requestLines(1)).toHaveLength(1);
  });

  it('is not needed in HTTP/1.0', async () => {
    expect((await one('GET /things/abc HTTP/1.0\r\n\r\n')).status).toBe(200);
  });
});

describe('the target of a request', () => {
  it('in absolute form is the path in it', async () => {
    expect((await request('GET', 'http://any.where:1/things/abc?x')).status).toBe(200);
    expect(await edge.requestLines(1)).toMatchObject([{ endpoint: '/things/:id' }]);
  });

  it.each(['http://[bad/things', 'http://', 'things', 'x:y', '/things#b', '/\\h:x@#', '//x:y#', 'http://x/#'])(
    'that is no address (%s) is 400 or 404, in the envelope',
    async (target) => {
      const { status, body } = await request('GET', target);
      expect([400, 404]).toContain(status);
      expectFailure(body, status);
    },
  );
});
