import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { Failure } from './failure.mjs';
import { inProject } from './project.mjs';

/** Adds the variables of `.env` to the environment, with the service's own parser. */
export async function loadEnvFile() {
  const { addToEnvironment, EnvFileError, readEnvFile } = await importParser();
  try {
    addToEnvironment(readEnvFile(inProject('.env'), '.env'), process.env);
  } catch (error) {
    throw error instanceof EnvFileError ? new Failure(error.message) : error;
  }
}

/**
 * From the build if there are no sources.
 *
 * @returns {Promise<typeof import('../../src/config/env-file.mjs')>}
 */
function importParser() {
  const source = inProject('src/config/env-file.mjs');
  return import(pathToFileURL(existsSync(source) ? source : inProject('dist/src/config/env-file.mjs')).href);
}
