/*
 * `npm run build`: compiles the product into `dist`. Installs the development tools if they are
 * missing: `npm ci` leaves them out where NODE_ENV is production.
 */
import { rebuild } from './support/build.mjs';
import { ensureDependencies } from './support/dependencies.mjs';
import { runScript } from './support/script.mjs';

await runScript(async (stop) => {
  await ensureDependencies(stop);
  await rebuild(stop);
  return 0;
});
