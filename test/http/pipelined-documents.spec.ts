import { readdirSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestApp } from '../support/test-app.js';

const FILE = 'swagger-ui-bundle.js';
const REQUESTS = 300;
const onLinux = process.platform === 'linux' ? test : test.skip;

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
});
afterAll(() => app.close());

/** How often this process has the file open. */
function openFiles(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).endsWith(FILE);
    } catch {
      return false;
    }
  }).length;
}

// Sent without a key on one connection. Node starts pipelined requests at once and does not tell
// the waiting ones that the socket is gone. Each used to keep its file open until the process could
// accept no connection.
onLinux(
  'pipelined requests whose responses are not read hold few files, and none once the client is gone',
  async () => {
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(`GET /docs/${FILE} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(REQUESTS));
    await sleep(1_500);
    const whileOpen = openFiles();
    socket.destroy();
    await sleep(1_000);
    expect({ few: whileOpen < 50, afterwards: openFiles() }).toEqual({ few: true, afterwards: 0 });
  },
);
