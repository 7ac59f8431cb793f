import { EdgeApp, expectEnvelope, expectFailure } from './edge-app.js';
import { CALLER, SECRET } from './edge.controller.js';

let edge: EdgeApp;
beforeAll(async () => {
  edge = await EdgeApp.start();
});
afterAll(() => edge.close());
beforeEach(() => {
  edge.forgetLog();
});

const ask = (path: string, init: RequestInit = {}) => fetch(`${edge.url}${path}`, init);

describe('an answer of success', () => {
  it('is the envelope with its eight keys, the status and message of the route, and the result in data', async () => {
    const response = await ask('/things/abc');
    expect(response.status).toBe(200);
    expect(expectEnvelope(await response.text())).toMatchObject({
      status: 200,
      data: { name: 'abc' },
      error: null,
      log: null,
      validator: null,
      message: 'Thing found',
    });
  });

  it('has the status that the route promises, also in the envelope', async () => {
    const response = await ask('/things', {
      method: 'POST',
      body: '{"name":"x"}',
      headers: { 'content-type': 'application/json' },
    });
    expect(response.status).toBe(202);
    expect(expectEnvelope(await response.text())).toMatchObject({ status: 202, data: { name: 'x' } });
  });

  it('is JSON that is not stored or sniffed, and does not name the server', async () => {
    const { headers } = await ask('/things/abc');
    expect(headers.get('content-type')).toMatch(/^application\/json; ?charset=utf-8$/);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('etag')).toBeNull();
  });

  it('is never replaced by 304, whatever the client claims to have', async () => {
    const response = await ask('/things/abc', {
      headers: { 'if-none-match': '*', 'if-modified-since': new Date().toUTCString() },
    });
    expect(response.status).toBe(200);
  });

  it('bears ids of our own, whatever ids the client sends', async () => {
    const headers = { 'x-request-id': 'req_mine', 'x-correlation-id': 'mine', 'x-support-id': 'support_mine' };
    const [first, second] = await Promise.all([
      ask('/things/identity', { headers }),
      ask('/things/identity', { headers }),
    ]);
    expect(first.headers.get('x-request-id')).toMatch(/^req_[0-9a-f-]{36}$/);
    expect(first.headers.get('x-request-id')).not.toBe(second.headers.get('x-request-id'));
    const { data } = expectEnvelope(await first.text());
    expect(data).toEqual({ name: first.headers.get('x-request-id') });
  });

  it('to HEAD is that to GET without the body', async () => {
    const [get, head] = await Promise.all([ask('/things/abc'), ask('/things/abc', { method: 'HEAD' })]);
    expect(head.status).toBe(200);
    expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
    expect(await head.text()).toBe('');
  });
});

describe('a page of a list', () => {
  it('is an array in data, and names the next page in a Link of a query alone, which keeps the other parameters', async () => {
    const response = await ask('/things?limit=2&colour=red&after=x%26y');
    expect(expectEnvelope(await response.text()).data).toEqual([{ name: 'red' }]);
    expect(response.headers.get('link')).toBe('<?limit=2&colour=red&after=next+one>; rel="next"');
  });

  it('lets no byte of the query end the target or the header, and names the page also without a query', async () => {
    const hostile = await ask('/things?limit=%3E%3B%20rel%3D%22prev%22%0D%0AX:1?#d');
    expect(hostile.headers.get('link')).toBe(
      '<?limit=%3E%3B+rel%3D%22prev%22%0D%0AX%3A1%3F&after=next+one>; rel="next"',
    );
    expect(hostile.headers.get('x')).toBeNull();
    expect((await ask('/things')).headers.get('link')).toBe('<?after=next+one>; rel="next"');
  });

  it('has no Link when it is the last', async () => {
    const response = await ask('/things?after=last');
    expect(response.headers.get('link')).toBeNull();
  });
});

describe('a handler that speaks its own standard', () => {
  it('is not wrapped, and takes any Accept', async () => {
    const response = await ask('/health/live', { headers: { accept: 'text/plain' } });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok' });
  });
});

describe('a failure thrown by a handler', () => {
  it.each([
    ['taken', 409, 'That is taken.'],
    ['gone', 404, 'There is no such thing.'],
    ['nest', 409, 'That is taken.'],
    ['quota', 429, 'Slow down.'],
  ])('(%s) becomes the envelope with status %i and its sentence', async (what, status, sentence) => {
    const response = await ask(`/things/throws/${what}`);
    expect(response.status).toBe(status);
    expect(expectFailure(await response.text(), status).error).toBe(sentence);
  });

  it.each(['crash', 'nothing', 'text', 'gateway'])(
    '(%s) that we did not foresee says nothing of the inside',
    async (what) => {
      const response = await ask(`/things/throws/${what}`);
      const body = await response.text();
      const { error, support_id } = expectFailure(body, 500);
      expect(response.status).toBe(500);
      expect(error).toContain('An internal error occurred');
      expect(error).toContain(support_id);
      expect(body).not.toMatch(/inside|root|hidden|sk_|Error|\.ts/);
    },
  );

  it('is found in the log by its support_id, with stack and cause, and without secrets or parameters', async () => {
    const { support_id, log } = expectFailure(await (await ask('/things/throws/crash')).text(), 500);
    await edge.requestLines(1);
    const lines = edge
      .log()
      .split('\n')
      .filter((line) => line.includes(support_id) && line.includes(log?.request_id ?? '-'));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('inside-knowledge');
    expect(lines[0]).toContain('root-of-it');
    expect(lines[0]).toContain('"level":"error"');
    expect(lines[0]).toContain('edge.controller');
    expect(edge.log()).not.toContain('hidden');
    expect(edge.log()).not.toContain(SECRET.slice(8, 40));
  });

  it('because a dependency is away is 503 with Retry-After, and a warning with the cause', async () => {
    const response = await ask('/things/throws/unavailable');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('7');
    const body = await response.text();
    expectFailure(body, 503);
    expect(body).not.toContain('pool');
    expect(edge.log()).toMatch(/"level":"warn".*pool exhausted.*ECONNREFUSED/);
    expect(edge.log()).not.toContain('hidden');
  });

  it('for too many requests has Retry-After', async () => {
    expect((await ask('/things/throws/quota')).headers.get('retry-after')).toBe('30');
  });

  it('after half an answer closes the connection, so that the half cannot be taken for the whole', async () => {
    await expect(ask('/things/half').then((response) => response.text())).rejects.toThrow();
    const [line] = await edge.requestLines(1);
    expect(line).toMatchObject({ aborted: true, endpoint: '/things/half' });
    expect(edge.log()).toContain('inside-knowledge');
  });

  it('is a failure of ours when a handler forgot to say what it answers', async () => {
    expectFailure(await (await ask('/things/bare')).text(), 500);
    expect(edge.log()).toContain('EdgeController.bare needs @ApiResult()');
  });
});

describe('a failure of access', () => {
  it.each([
    ['missing', 401, 'Bearer realm="latchkey"'],
    [
      'invalid',
      401,
      `Bearer realm="latchkey", error="invalid_token", error_description="The key 'sk' has a ? and an ? in it.??X: y"`,
    ],
    ['scope', 403, 'Bearer realm="latchkey", error="insufficient_scope", scope="invoices.read invoices.update"'],
    ['address', 403, 'Bearer realm="latchkey"'],
  ])('(%s) is %i with its challenge by RFC 6750', async (what, status, challenge) => {
    const response = await ask(`/things/throws/${what}`);
    expect(response.status).toBe(status);
    expect(response.headers.get('www-authenticate')).toBe(challenge);
    expectFailure(await response.text(), status);
  });

  it.each([
    ['yes', 401],
    ['false', 403],
  ])('thrown or said by a guard (%s) reaches the envelope too', async (refuse, status) => {
    const response = await ask('/things/abc', { headers: { 'x-refuse': refuse } });
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="latchkey"');
    expectFailure(await response.text(), status);
  });
});

describe('the log of a request', () => {
  it('is exactly one line: ids, method, template, status, duration, caller, address', async () => {
    const response = await ask('/things/quiet?colour=secret-query');
    const lines = await edge.requestLines(1);
    expect(lines).toHaveLength(1);
    const { support_id } = expectEnvelope(await response.text());
    expect(lines[0]).toMatchObject({
      level: 'info',
      request_id: response.headers.get('x-request-id'),
      support_id,
      method: 'GET',
      endpoint: '/things/:id',
      status: 200,
      key_id: CALLER.keyId,
      organization_id: CALLER.organizationId,
      remote_address: '127.0.0.1',
      aborted: false,
    });
    expect(lines[0]?.duration_ms).toEqual(expect.any(Number));
    expect(edge.log()).not.toContain('secret-query');
    // Not a name that a UUID can hold.
    expect(edge.log()).not.toContain('quiet');
  });

  it('names the failure, and has no endpoint if no route took the request', async () => {
    await ask(`/nowhere/${SECRET}?token=${SECRET}`);
    await ask('/things/throws/address');
    const lines = await edge.requestLines(2);
    expect(lines).toMatchObject([
      { endpoint: null, status: 404, error_code: 'NOT_FOUND', key_id: null },
      { endpoint: '/things/throws/:what', status: 403, error_code: 'ADDRESS_NOT_ALLOWED', detail: 'IP_NOT_ALLOWED' },
    ]);
    expect(edge.log()).not.toContain('nowhere');
  });

  it('of a client that went away records it', async () => {
    const client = new AbortController();
    const answer = ask('/things/slow', { signal: client.signal });
    setTimeout(() => {
      client.abort();
    }, 40);
    await expect(answer).rejects.toThrow();
    const lines = await edge.requestLines(1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(lines).toMatchObject([{ aborted: true, status: null, endpoint: '/things/slow' }]);
    expect(await edge.requestLines(1)).toHaveLength(1);
    expect(edge.log()).not.toContain('"level":"error"');
  });

  it('of health is for debugging only', async () => {
    await ask('/health/live');
    expect(await edge.requestLines(1)).toMatchObject([{ level: 'debug', endpoint: '/health/live' }]);
  });
});
