import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { DEFAULT_LIMITS, HttpServer } from './http-server.js';

const SILENCE_MS = 300;
const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

describe('a listener that has no timeout of its own for idle connections', () => {
  const listeners: HttpServer[] = [];
  afterEach(() => Promise.all(listeners.splice(0).map((listener) => listener.close())));

  async function open(answer: string) {
    const limits = { ...DEFAULT_LIMITS, keepAliveTimeoutMs: 0, silenceTimeoutMs: SILENCE_MS };
    const listener = new HttpServer((_request, response) => response.end(answer), { env: 'development', limits });
    listeners.push(listener);
    listener.server.listen(0, '127.0.0.1');
    await once(listener.server, 'listening');
    const socket = connect((listener.server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  }

  it('closes one on which nothing passes, and none between requests that come soon enough', async () => {
    const socket = await open('here');
    const closed = once(socket, 'close');
    let received = '';
    socket.setEncoding('latin1').on('data', (text: string) => (received += text));
    const begunMs = performance.now();
    // For several times as long as it may be silent.
    while (performance.now() - begunMs < 3 * SILENCE_MS) {
      const before = received.length;
      socket.write(REQUEST);
      while (received.length === before && !socket.closed) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(socket.closed).toBe(false);
    }
    expect(received.match(/HTTP\/1\.1 200 /g)?.length).toBeGreaterThan(3);
    await closed;
  });

  it('closes one whose client does not read its answer', async () => {
    const socket = await open('x'.repeat(30_000_000));
    socket.on('error', () => undefined);
    const [server] = listeners;
    socket.pause();
    socket.write(REQUEST);
    const isOpen = () =>
      new Promise<boolean>((resolve) => {
        server?.server.getConnections((_error, count) => {
          resolve(count > 0);
        });
      });
    while (await isOpen()) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    socket.destroy();
  });
});
