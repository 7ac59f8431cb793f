/* The built product in its own process, with short timeouts. Reports its memory on request. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** @type {typeof import('../../src/app/lifecycle.js')} */
const { serve } = await import(pathToFileURL(join(process.env.TEST_DIST ?? '', 'app/lifecycle.js')).href);

const app = await serve(
  {},
  { server: { requestTimeoutMs: 2_000, headersTimeoutMs: 1_000, checkingIntervalMs: 200, keepAliveTimeoutMs: 10_000 } },
);
process.on('message', () => {
  globalThis.gc?.();
  process.send?.({ memory: process.memoryUsage() });
});
process.send?.({ url: await app.getUrl() });
