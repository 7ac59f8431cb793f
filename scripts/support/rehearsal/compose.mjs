import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../project.mjs';
import { mustSucceed } from '../command.mjs';
import { makeProgramTree } from '../../private-server/mysql-server.mjs';
import { inProject } from '../project.mjs';
import { step } from '../steps.mjs';
import { makeWhole } from '../whole-folder.mjs';

/** Docker's own Compose. Its command `config` needs no engine. */
const COMPOSE = { name: 'docker-compose', program: 'usr/libexec/docker/cli-plugins/docker-compose' };

/**
 * Reads docker-compose.yml with Compose: checked against the Compose specification, with its
 * variables filled in.
 *
 * @param {Record<string, string>} variables
 * @param {AbortSignal} stop
 * @returns {Promise<{ services: Record<'mysql' | 'migrate' | 'latchkey',
 *   import('./container.mjs').Service> }>}
 * @throws {Failure} with Compose's message, if the file is invalid or a variable is missing
 */
export async function readComposeFile(variables, stop) {
  const program = await ensureCompose(stop);
  const args = ['--file', inProject('docker-compose.yml'), '--env-file', '/dev/null', 'config', '--format', 'json'];
  const env = { PATH: process.env.PATH, ...variables };
  return JSON.parse(await mustSucceed('docker compose config', program, args, { env, stop }));
}

/** @param {AbortSignal} stop */
async function ensureCompose(stop) {
  const folder = join(cacheFolder(), 'compose-unstable');
  mkdirSync(cacheFolder(), { recursive: true });
  if (!existsSync(folder)) {
    await step(`Unpacking Debian's newest Compose into ${folder}`, () =>
      makeWhole(folder, (draft) => makeProgramTree(COMPOSE, draft, stop)),
    );
  }
  return join(folder, 'docker-compose');
}
