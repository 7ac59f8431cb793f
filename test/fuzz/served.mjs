/* Serves the built product with short timeouts, and sends its memory use over IPC on request. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** @type {typeof import('../../src/app/lifecycle.js')} */
const { serve } = await import(pathToFileURL(join(process.env.TEST_DIST ?? '', 'app/lifecycle.js')).href);

await serve(
  {},
  { server: { requestTimeoutMs: 2_000, headersTimeoutMs: 1_000, checkingIntervalMs: 200, keepAliveTimeoutMs: 10_000 } },
);
process.on('message', () => {
  globalThis.gc?.();
  process.send?.(process.memoryUsage());
});
