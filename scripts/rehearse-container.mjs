/*
 * `npm run rehearse:container`, for root on Debian without Docker: buildah builds the Dockerfile,
 * Compose reads docker-compose.yml, and the services of that file run in containers of the image.
 * The base image is a stand-in: a minimal Debian with the same line of Node.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cacheFolder } from './support/project.mjs';
import { inTurn } from './support/lock.mjs';
import { ensureMysqlServer } from './private-server/mysql-server.mjs';
import { inProject } from './support/project.mjs';
import { ensureBaseImage, readBaseName } from './support/rehearsal/base-image.mjs';
import { makeContext } from './support/rehearsal/build-context.mjs';
import { Buildah } from './support/rehearsal/buildah.mjs';
import { readComposeFile } from './support/rehearsal/compose.mjs';
import { expectRoot } from './support/rehearsal/debian-tree.mjs';
import { runInNamespaces } from './support/rehearsal/namespaces.mjs';
import { requireTool } from './support/ensure-tool.mjs';
import { runScript } from './support/script.mjs';
import { step } from './support/steps.mjs';

const IMAGE = 'localhost/latchkey';

await runScript(async (stop) => {
  expectRoot();
  const folder = join(cacheFolder(), 'rehearsal-container');
  mkdirSync(cacheFolder(), { recursive: true });
  await inTurn(`${folder}.lock`, () => rehearse(folder, stop), stop);
  return 0;
});

/** @param {string} folder @param {AbortSignal} stop */
async function rehearse(folder, stop) {
  const { services } = await step('Reading docker-compose.yml, as Compose', () => readCompose(stop));
  const mysql = await ensureMysqlServer(stop);
  await requireTool('ip', 'iproute2', stop);
  // The layers of earlier builds stay.
  const temporary = ['context', 'database', 'database.run', 'tmp'].map((name) => join(folder, name));
  const clear = () => temporary.forEach((path) => rmSync(path, { recursive: true, force: true }));
  clear();
  const buildah = await Buildah.open(folder, stop);
  try {
    const base = await build(buildah, join(folder, 'context'), stop);
    const plan = { place: buildah.place, image: IMAGE, base, services };
    const env = { ...process.env, PATH: [mysql, process.env.PATH].join(delimiter) };
    const script = inProject('scripts/support/rehearsal/run-image.mjs');
    await runInNamespaces(script, plan, { ownNetwork: true, env, stop });
  } finally {
    await buildah.removeContainers();
    clear();
  }
}

/** @param {AbortSignal} stop */
function readCompose(stop) {
  const names = ['SECRET_PEPPER', 'MYSQL_PASSWORD', 'MYSQL_ROOT_PASSWORD'];
  return readComposeFile(Object.fromEntries(names.map((name) => [name, randomBytes(32).toString('hex')])), stop);
}

/**
 * @param {Buildah} buildah
 * @param {string} context
 * @param {AbortSignal} stop
 * @returns {Promise<string>} the base image
 */
async function build(buildah, context, stop) {
  const base = await ensureBaseImage(buildah, readBaseName(inProject('Dockerfile')), stop);
  await makeContext(context, stop);
  await step(`Building the Dockerfile with buildah (storage: ${buildah.place.driver})`, () =>
    buildah.build(context, IMAGE, base, stop),
  );
  return base;
}
