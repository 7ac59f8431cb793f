/*
 * `npm start`: installs, builds, starts a database and serves. `npm run start:dev` (`--watch`): the
 * same, and builds and serves again at each change of a source file.
 */
import { withServiceDatabase } from './private-server/service-database.mjs';
import { ensureBuild } from './support/build.mjs';
import { ensureDependencies } from './support/dependencies.mjs';
import { loadEnvFile } from './support/env-file.mjs';
import { runScript } from './support/script.mjs';
import { serve, serviceLock, takeServiceLock } from './support/service.mjs';
import { serveAndWatch } from './support/watch.mjs';

const watches = process.argv.includes('--watch');

await runScript(
  async (stop) => {
    await loadEnvFile();
    await takeServiceLock(stop);
    try {
      await ensureDependencies(stop);
      if (!watches) await ensureBuild(stop);
      return await withServiceDatabase(stop, (url) => (watches ? serveAndWatch(url, stop) : serve(url, stop)));
    } finally {
      serviceLock.release();
    }
  },
  { exitCodeWhenStopped: 0 },
);
