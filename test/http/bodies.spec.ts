import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { RawClient } from '../support/raw-client.js';
import { EdgeApp, expectEnvelope, expectFailure } from './edge-app.js';
import { EdgeController, SECRET } from './edge.controller.js';

let edge: EdgeApp;
beforeAll(async () => {
  edge = await EdgeApp.start();
});
afterAll(() => edge.close());
beforeEach(() => {
  edge.forgetLog();
});

const JSON_HEADERS = { 'content-type': 'application/json' };
const post = (body: RequestInit['body'] | undefined, headers: Record<string, string> = JSON_HEADERS) =>
  fetch(`${edge.url}/things`, { method: 'POST', ...(body !== undefined && { body }), headers });

async function refused(response: Response, status: number) {
  expect(response.status).toBe(status);
  return expectFailure(await response.text(), status);
}

describe('a body', () => {
  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    'application/json; profile=x',
  ])('sent as %s is read', async (type) => {
    const response = await post('{"name":"é"}', { 'content-type': type });
    expect(expectEnvelope(await response.text()).data).toMatchObject({ name: 'é' });
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/vnd.api+json',
    'application/json; charset=utf-16',
    'application/json; charset=latin1',
    'application/json5',
    'json',
    ';;;',
  ])('sent as %s is 415, which says what to send', async (type) => {
    const { error } = await refused(await post('{"name":"x"}', { 'content-type': type }), 415);
    expect(error).toContain('Content-Type: application/json');
  });

  it('of no type is 415', async () => {
    await refused(await post(new Uint8Array([123, 125]), {}), 415);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['nonsense', (text: string) => Buffer.from(text)],
  ])('compressed by %s is 415: there is nothing to inflate, so no bomb to inflate', async (encoding, compress) => {
    const response = await post(new Uint8Array(compress('{"name":"x"}')), {
      ...JSON_HEADERS,
      'content-encoding': encoding,
    });
    expect(response.headers.get('accept-encoding')).toBe('identity');
    await refused(response, 415);
  });

  it.each([
    '{',
    '{"name":}',
    '{"name":"x"} trailing',
    "{'name':'x'}",
    'undefined',
    `{"name":"${SECRET}`,
    '{"name":"\u0001"}',
    ' ',
  ])('that is not JSON (%j) is 400', async (body) => {
    const response = await post(body);
    const text = await response.text();
    expect(text).not.toContain('0123456789');
    expectFailure(text, 400);
    await edge.requestLines(1);
    expect(edge.log()).not.toContain('0123456789');
    expect(edge.log()).not.toContain('SyntaxError');
  });

  it('that is not UTF-8 is 400, and never mended in silence', async () => {
    await refused(await post(new Uint8Array([...Buffer.from('{"name":"'), 0xff, ...Buffer.from('"}')])), 400);
  });

  it.each(['[]', '[{"name":"x"}]', 'null', '"text"', '1', 'true'])(
    'that is JSON and not an object (%s) is 400',
    async (body) => {
      const { error } = await refused(await post(body), 400);
      expect(error).toContain('JSON object');
    },
  );

  it.each([undefined, ''])('left out (%j) is 400, which says that one is needed', async (body) => {
    const { error } = await refused(await post(body), 400);
    expect(error).toContain('needs a body');
  });

  it('of nothing in chunks is 400', async () => {
    const client = await RawClient.connect(edge.port);
    client.send(
      'POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n',
    );
    const [answer] = await client.answersUntilClose();
    expect(expectFailure(answer?.body ?? '', 400).error).toContain('needs a body');
  });

  it('of exactly 100 KB is read, and of one byte more is 413', async () => {
    const filler = (bytes: number) => `{"name":"x"${' '.repeat(bytes - 12)}}`;
    expect((await post(filler(102_400))).status).toBe(202);
    const { error } = await refused(await post(filler(102_401)), 413);
    expect(error).toContain('102400');
  });

  it('of too many bytes in chunks is 413 as soon as it is too much, though the rest never comes', async () => {
    const client = await RawClient.connect(edge.port);
    client.send(
      'POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    client.send(`19001\r\n${'x'.repeat(0x19001)}\r\n`);
    const [answer] = await client.answers(1);
    expectFailure(answer?.body ?? '', 413);
    client.destroy();
  });

  it('of a declared size that is too much is 413 before any of it comes', async () => {
    const client = await RawClient.connect(edge.port);
    client.send(
      'POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10000000000\r\n\r\n',
    );
    const [answer] = await client.answers(1);
    expectFailure(answer?.body ?? '', 413);
    client.destroy();
  });

  it.each(['__proto__', 'constructor', 'prototype'])(
    'with the key %s does no harm and is refused by name',
    async (key) => {
      const { validator } = await refused(await post(`{"name":"x","${key}":{"polluted":true}}`), 400);
      expect(Object.keys(validator ?? {})).toEqual([key]);
      const nested = await refused(await post(`{"name":"x","parts":[{"\\u005f${key.slice(1)}":1,"${key}":1}]}`), 400);
      expect(Object.keys(nested.validator ?? {}).join()).toContain('parts.0');
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    },
  );

  it('nested a hundred thousand levels deep is 400, not a crash', async () => {
    await refused(await post(`{"name":${'['.repeat(50_000)}${']'.repeat(50_000)}}`), 400);
    await refused(await post(`{"name":${'{"a":'.repeat(15_000)}1${'}'.repeat(15_000)}}`), 400);
  });

  it.each([
    ['{"name":"one","name":"two"}', ['name']],
    ['{"name":"x","n\\u0061me":"x"}', ['name']],
    ['{"name":"x","parts":[{"size":"s"},{"size":"s","size":"s"}]}', ['parts.1.size']],
    ['{"name":"x","scopes":["a"],"scopes":["b"],"name":"x","name":"x"}', ['scopes', 'name']],
    ['{"name":"x","parts":[],"parts":[{"size":"s"}]}', ['parts']],
  ])('that has a name twice (%s) is 400 and says which', async (body, paths) => {
    const { validator } = await refused(await post(body), 400);
    expect(Object.keys(validator ?? {})).toEqual(paths);
    expect(Object.values(validator ?? {})).toEqual(
      paths.map(() => expect.stringContaining('more than once') as unknown),
    );
  });

  it('of thousands of fields is 400 before it is validated, and names the first few', async () => {
    const fields = Array.from({ length: 9_500 }, (_, index) => `"f${index}":1`).join();
    const { error, validator } = await refused(await post(`{"name":"x",${fields}}`), 400);
    expect(error).toContain('more than 100 fields');
    expect(Object.keys(validator ?? {})).toEqual(['name', ...Array.from({ length: 9 }, (_, index) => `f${index}`)]);
  });

  it.each([
    ['texts', '"a"'],
    ['numbers', '1'],
    ['arrays', '[]'],
    ['objects', '{}'],
  ])(
    'of thousands of entries (%s) is 400 before it is validated, and names the field that holds them',
    async (_, entry) => {
      const { validator } = await refused(
        await post(`{"name":"x","parts":[{"size":"s"}],"scopes":[${Array(9_500).fill(entry).join()}]}`),
        400,
      );
      expect(validator).toEqual({ scopes: 'contains too many entries; a body may have at most 1000 in total' });
    },
  );

  it('of thousands of nested names is refused by short paths', async () => {
    const { validator } = await refused(
      await post(`{"name":${'['.repeat(40_000)}${'{"a":1},'.repeat(2_000)}{"a":1}${']'.repeat(40_000)}}`),
      400,
    );
    expect(Object.keys(validator ?? {}).map((path) => path.length)).toEqual([4]);
    const names = `{"name":${'['.repeat(300)}{${'"a":1,'.repeat(200)}"a":1}${']'.repeat(300)}}`;
    const { validator: paths } = await refused(await post(names), 400);
    expect(Math.max(...Object.keys(paths ?? {}).map((path) => path.length))).toBeLessThanOrEqual(100);
  });

  it('is not read for a caller who is not let in, whatever it is', async () => {
    const response = await post('{', { 'content-type': 'text/plain', 'x-refuse': 'yes' });
    await refused(response, 401);
  });

  it('of a route that takes none is not looked at', async () => {
    const init = { body: '{', headers: { 'content-type': 'text/plain' } };
    expect((await fetch(`${edge.url}/things/abc`, { method: 'DELETE', ...init })).status).toBe(200);
    expect((await fetch(`${edge.url}/things/poke`, { method: 'POST', ...init })).status).toBe(200);
  });
});

describe('Expect: 100-continue', () => {
  const head =
    'POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 12\r\nExpect: 100-continue\r\n';

  it('invites the body once it will be read', async () => {
    const client = await RawClient.connect(edge.port);
    client.send(`${head}\r\n`);
    await client.answers(1);
    expect(client.text).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('{"name":"x"}');
    const answers = await client.answers(2);
    expect(answers[1]?.status).toBe(202);
    client.destroy();
  });

  it('spares a caller who is not let in the sending, and ends the connection', async () => {
    const client = await RawClient.connect(edge.port);
    client.send(`${head}X-Refuse: yes\r\n\r\n`);
    const answers = await client.answersUntilClose();
    expect(answers.map(({ status }) => status)).toEqual([401]);
    expectFailure(answers[0]?.body ?? '', 401);
  });

  it('is the only expectation there is: any other is 417', async () => {
    const client = await RawClient.connect(edge.port);
    client.send('POST /things HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: a-miracle\r\n\r\n{}');
    const answers = await client.answersUntilClose();
    expect(answers).toHaveLength(1);
    expectFailure(answers[0]?.body ?? '', 417);
    expect(await edge.requestLines(1)).toHaveLength(1);
  });
});

describe('validation', () => {
  it('gives each wrong field one message, by its path', async () => {
    const { error, validator } = await refused(
      await post('{"name":"toolong","scopes":["a","x"],"parts":[{"size":"s"},{"size":1}]}'),
      400,
    );
    expect(validator).toEqual({
      name: 'must have 1 to 5 characters',
      scopes: 'must be a or b',
      'parts.1.size': 'must be a string',
    });
    expect(error).toBe('The request is invalid. See validator for the 3 fields to fix.');
  });

  it('refuses unknown fields by name, at any depth', async () => {
    const { validator } = await refused(
      await post('{"name":"x","ip_allowlist":[],"parts":[{"size":"s","colour":1}]}'),
      400,
    );
    expect(validator).toEqual({
      ip_allowlist: 'is not a recognized field',
      'parts.0.colour': 'is not a recognized field',
    });
  });

  it('answers thousands of unknown fields with a few', async () => {
    const fields = Array.from({ length: 5_000 }, (_, index) => `"${'f'.repeat(5)}${index}":1`).join();
    const response = await post(`{${fields}}`);
    const text = await response.text();
    expect(text.length).toBeLessThan(10_000);
    expectFailure(text, 400);
  });

  it('never runs the handler for a request it refused', async () => {
    const { calls } = edge.app.get(EdgeController);
    calls.length = 0;
    await post('{"name":1}');
    expect(calls).toEqual([]);
  });

  it('is of path and query too', async () => {
    const path = await refused(await fetch(`${edge.url}/things/muchtoolong`), 400);
    expect(path.validator).toEqual({ id: 'must have 1 to 5 characters' });
    const query = await refused(await fetch(`${edge.url}/things?colour=green&size=1&colour=red`), 400);
    expect(query.validator).toMatchObject({ colour: 'must be red or blue', size: 'is not a recognized field' });
    const twice = await refused(await fetch(`${edge.url}/things?colour=red&colour=red`), 400);
    expect(twice.validator).toEqual({ colour: 'must be red or blue' });
    const inherited = await refused(await fetch(`${edge.url}/things?__proto__=x`), 400);
    expect(inherited.validator).toEqual(Object.fromEntries([['__proto__', 'is not a recognized field']]));
  });

  it('of a query counts its parameters first: more than fifty are 400, and the first few are named', async () => {
    const parameters = (count: number) => Array.from({ length: count }, (_, index) => `p${index}`);
    const some = await refused(await fetch(`${edge.url}/things?${parameters(50).join('&')}`), 400);
    expect(Object.keys(some.validator ?? {})).toEqual(parameters(50));
    const many = await refused(await fetch(`${edge.url}/things?${parameters(2_000).join('=1&')}`), 400);
    expect(many.error).toContain('more than 50 parameters');
    expect(Object.keys(many.validator ?? {})).toEqual(parameters(10));
    // Node's own parser would leave out what comes after the thousandth, a second `colour` too.
    const hidden = await fetch(`${edge.url}/things?colour=red${'&'.repeat(1_100)}colour=green`);
    expect(hidden.status).toBe(400);
  });
});
