import { RawClient } from '../support/raw-client.js';
import { EdgeApp, expectFailure, until } from './edge-app.js';
import { EdgeController, SECRET } from './edge.controller.js';

let edge: EdgeApp;
beforeAll(async () => {
  edge = await EdgeApp.start({ headersTimeoutMs: 200, requestTimeoutMs: 300, checkingIntervalMs: 30 });
});
afterAll(() => edge.close());
beforeEach(() => {
  edge.forgetLog();
});

const GET = 'GET /things/abc HTTP/1.1\r\nHost: x\r\n\r\n';
const SLOW = 'GET /things/slow HTTP/1.1\r\nHost: x\r\n\r\n';
const POST = 'POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';

async function exchange(...texts: string[]) {
  const client = await RawClient.connect(edge.port);
  for (const text of texts) {
    client.send(text);
  }
  const answers = await client.answersUntilClose();
  return { answers, statuses: answers.map(({ status }) => status), last: answers.at(-1) };
}

/** Expects one response, one log line with its support_id, and nothing else. */
async function expectOnly(texts: string[], status: number, code: string) {
  const { answers } = await exchange(...texts);
  expect(answers.map((answer) => answer.status)).toEqual([status]);
  const [answer] = answers;
  const { support_id, log } = expectFailure(answer?.body ?? '', status);
  expect(answer?.headers.connection).toBe('close');
  expect(answer?.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(answer?.headers['cache-control']).toBe('no-store');
  expect(answer?.headers['x-request-id']).toBe(log?.request_id);
  expect(await edge.requestLines(1)).toMatchObject([{ support_id, status, error_code: code, endpoint: null }]);
}

describe('what is not a request', () => {
  it.each([
    ['no HTTP at all', 'hello\r\n\r\n', 'HPE_INVALID_METHOD'],
    ['a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 'HPE_INVALID_METHOD'],
    ['an unknown method', 'BREW /things HTTP/1.1\r\nHost: x\r\n\r\n', 'HPE_INVALID_METHOD'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'HPE_PAUSED_H2_UPGRADE'],
    ['an unknown version', 'GET / HTTP/9.9\r\nHost: x\r\n\r\n', 'HPE_INVALID_VERSION'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost x\r\n\r\n', 'HPE_INVALID_HEADER_TOKEN'],
    ['a NUL in a header', `GET / HTTP/1.1\r\nHost: x\r\nX-A: a\u0000${SECRET}\r\n\r\n`, 'HPE_INVALID_HEADER_TOKEN'],
    ['two lengths', `${POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, 'HPE_UNEXPECTED_CONTENT_LENGTH'],
    ['a length that is none', `${POST}Content-Length: -1\r\n\r\n{}`, 'HPE_INVALID_CONTENT_LENGTH'],
    [
      'both framings',
      `${POST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}`,
      'HPE_INVALID_TRANSFER_ENCODING',
    ],
    ['a space in the path', 'GET /a b HTTP/1.1\r\nHost: x\r\n\r\n', 'HPE_INVALID_CONSTANT'],
  ])('(%s) is 400 in the envelope, with its line in the log, and the connection ends', async (_, text, code) => {
    await expectOnly([text], 400, code);
    expect(edge.log()).not.toContain('0123456789');
  });

  it('is 431 when the headers are 20 KB', async () => {
    await expectOnly(
      [`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`],
      431,
      'HPE_HEADER_OVERFLOW',
    );
  });

  it('is 431 when the address is 20 KB, or the headers are endless', async () => {
    await expectOnly([`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`], 431, 'HPE_HEADER_OVERFLOW');
    edge.forgetLog();
    const lines = Array.from({ length: 3_000 }, (_, index) => `X-${index}: y\r\n`);
    await expectOnly(['GET / HTTP/1.1\r\nHost: x\r\n', ...lines], 431, 'HPE_HEADER_OVERFLOW');
  });

  it('is 408 when the headers do not come to an end', async () => {
    await expectOnly(['GET /things/abc HTTP/1.1\r\nHost: x\r\n'], 408, 'ERR_HTTP_REQUEST_TIMEOUT');
  });

  it('is 400 when the client sends FIN in the middle', async () => {
    const client = await RawClient.connect(edge.port);
    client.send('GET /things/abc HT').finish();
    const [answer] = await client.answersUntilClose();
    expectFailure(answer?.body ?? '', 400);
  });

  it('is 405 by CONNECT: this is not a proxy', async () => {
    await expectOnly(
      ['CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n'],
      405,
      'METHOD_NOT_ALLOWED',
    );
    expect(await edge.requestLines(1)).toMatchObject([{ method: 'CONNECT' }]);
  });

  it('does not stop the server, whatever bytes come', async () => {
    for (let round = 0; round < 50; round += 1) {
      const client = await RawClient.connect(edge.port);
      client.send(String.fromCharCode(...Array.from({ length: 50 }, () => Math.floor(Math.random() * 256))));
      setTimeout(() => {
        client.destroy();
      }, 5);
    }
    expect((await exchange(`${GET.slice(0, -2)}Connection: close\r\n\r\n`)).statuses).toEqual([200]);
  });
});

describe('a request to upgrade', () => {
  it('is answered as the request that it is', async () => {
    const { statuses } = await exchange(
      'GET /things/abc HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    expect(statuses).toEqual([200]);
  });
});

describe('a body that goes wrong on the way', () => {
  it('is 408 when it was promised and never comes, with one line in the log', async () => {
    const { last, statuses } = await exchange(`${POST}Content-Length: 12\r\n\r\n{"na`);
    expect(statuses).toEqual([408]);
    const { support_id } = expectFailure(last?.body ?? '', 408);
    expect(await edge.requestLines(1)).toMatchObject([
      { support_id, status: 408, endpoint: '/things', aborted: false, error_code: 'ERR_HTTP_REQUEST_TIMEOUT' },
    ]);
    expect(await edge.requestLines(1)).toHaveLength(1);
  });

  it.each([
    ['chunks that are none', `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400],
    ['chunk extensions without end', `${POST}Transfer-Encoding: chunked\r\n\r\n5;${'x'.repeat(20_000)}\r\n`, 413],
  ])(
    '(%s) is answered once, with one line in the log, and without the handler if it comes at once',
    async (_, text, status) => {
      const { last, statuses } = await exchange(text);
      expect(statuses).toEqual([status]);
      const { support_id } = expectFailure(last?.body ?? '', status);
      expect(await edge.requestLines(1)).toMatchObject([{ support_id, status, endpoint: null }]);
      expect(await edge.requestLines(1)).toHaveLength(1);
    },
  );

  it('in its second packet is answered once, with one line in the log', async () => {
    const client = await RawClient.connect(edge.port);
    client.send(`${POST}Transfer-Encoding: chunked\r\n\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const answers = await client.send('zz\r\n').answersUntilClose();
    expect(answers.map(({ status }) => status)).toEqual([400]);
    expect(await edge.requestLines(1)).toMatchObject([{ status: 400, endpoint: '/things' }]);
  });

  it('is not answered a second time when its request has been answered: the connection ends', async () => {
    const refused = POST.replace('Host', 'X-Refuse: yes\r\nHost');
    const { statuses } = await exchange(`${refused}Content-Length: 12\r\n\r\n{"na`);
    expect(statuses).toEqual([401]);
    expect(await edge.requestLines(1)).toHaveLength(1);
    const client = await RawClient.connect(edge.port);
    client.send(`${refused}Transfer-Encoding: chunked\r\n\r\n`);
    await client.answers(1);
    client.send('zz\r\n');
    expect((await client.answersUntilClose()).map(({ status }) => status)).toEqual([401]);
    expect(await edge.requestLines(2)).toHaveLength(2);
  });

  it('breaks off with its client: one line, which records it', async () => {
    const client = await RawClient.connect(edge.port);
    client.send(`${POST}Content-Length: 12\r\n\r\n{"na`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.reset();
    expect(await edge.requestLines(1)).toMatchObject([{ aborted: true, status: null, endpoint: '/things' }]);
    expect(edge.log()).not.toContain('"level":"error"');
  });

  it('ends before its end: 400, since the client may still be reading', async () => {
    const client = await RawClient.connect(edge.port);
    client.send(`${POST}Content-Length: 12\r\n\r\n{"na`).finish();
    const [answer] = await client.answersUntilClose();
    expectFailure(answer?.body ?? '', 400);
    expect(await edge.requestLines(1)).toMatchObject([{ status: 400, error_code: 'HPE_INVALID_EOF_STATE' }]);
  });
});

describe('a connection', () => {
  it('goes on after failures whose bodies were not read', async () => {
    const client = await RawClient.connect(edge.port);
    const body = 'x'.repeat(50_000);
    const refusals = [
      `${POST}X-Refuse: yes\r\n`,
      POST.replace('application/json', 'text/plain'),
      POST.replace('/things', '/nowhere'),
    ];
    for (const [index, head] of refusals.entries()) {
      client.send(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
      await client.answers(index + 1);
    }
    client.send(GET);
    const answers = await client.answers(4);
    expect(answers.map(({ status }) => status)).toEqual([401, 415, 404, 200]);
    client.destroy();
  });

  it('answers pipelined requests in their order', async () => {
    const { statuses } = await exchange(
      SLOW + GET + GET.replace('/things/abc', '/nowhere') + GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
    );
    expect(statuses).toEqual([200, 200, 404, 200]);
    expect((await edge.requestLines(4)).map(({ status }) => status)).toEqual([200, 200, 404, 200]);
  });

  it('lets the answers under way out whole before it refuses what follows them', async () => {
    const { answers, statuses } = await exchange(`${SLOW}${GET}garbage\r\n\r\n`);
    expect(statuses).toEqual([200, 200, 400]);
    expectFailure(answers[2]?.body ?? '', 400);
    expect(await edge.requestLines(3)).toHaveLength(3);
  });

  it('does the same before CONNECT', async () => {
    const { statuses } = await exchange(`${SLOW}CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(statuses).toEqual([200, 405]);
  });

  it('whose answer is its last carries out nothing of what came behind', async () => {
    const { calls } = edge.app.get(EdgeController);
    calls.length = 0;
    const withoutHost = 'GET /things/abc HTTP/1.1\r\n\r\n';
    const { answers } = await exchange(`${withoutHost}${POST}Content-Length: 13\r\n\r\n{"name":"ab"}`);
    expect(answers.map(({ status, headers }) => [status, headers.connection])).toEqual([[400, 'close']]);
    // Each request has a log line. The line of a request whose turn never came records that it got
    // no response.
    const lines = await edge.requestLines(2);
    expect(lines.map(({ status, aborted }) => [status, aborted])).toEqual([
      [400, false],
      [null, true],
    ]);
    expect(calls).toEqual([]);
  });

  it('that closes leaves one line for each request, also for those that waited behind others', async () => {
    const client = await RawClient.connect(edge.port);
    client.send(SLOW + GET + GET);
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.destroy();
    const lines = await edge.requestLines(3);
    expect(lines.map(({ aborted }) => aborted)).toEqual([true, true, true]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await edge.requestLines(3)).toHaveLength(3);
  });

  it('that never sends anything is closed', async () => {
    const client = await RawClient.connect(edge.port);
    await until(() => client.isClosed || client.text !== '');
    await client.answersUntilClose();
  });

  it('speaks HTTP/1.0 to whom it must', async () => {
    const { last } = await exchange('GET /things/abc HTTP/1.0\r\n\r\n');
    expect(last?.status).toBe(200);
    expect(last?.headers['transfer-encoding']).toBeUndefined();
  });
});
