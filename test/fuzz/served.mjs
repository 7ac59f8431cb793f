/* The built product as a process of its own, with timeouts short enough to be waited for; tells of its memory when asked. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const load = (path) => import(pathToFileURL(join(process.env.TEST_DIST, path)).href);
const { serve } = await load('app/lifecycle.js');

const app = await serve(
  {},
  { server: { requestTimeoutMs: 2_000, headersTimeoutMs: 1_000, checkingIntervalMs: 200, keepAliveTimeoutMs: 10_000 } },
);
process.on('message', () => {
  globalThis.gc();
  process.send({ memory: process.memoryUsage() });
});
process.send({ url: await app.getUrl() });
