/*
 * `npm run build`: compiles the product into `dist`. Installs the tools for that if they are missing, because `npm ci` leaves
 * them out where NODE_ENV is production.
 */
import { rebuild } from './support/build.mjs';
import { ensureDependencies } from './support/dependencies.mjs';
import { runScript } from './support/script.mjs';

await runScript(async (stop) => {
  await ensureDependencies(stop);
  await rebuild(stop);
  return 0;
});
