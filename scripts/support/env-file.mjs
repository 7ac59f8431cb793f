import { existsSync } from 'node:fs';
import { Failure } from './failure.mjs';
import { inProject } from './project.mjs';

/** Puts the variables of `.env` into the environment, by the service's own parser. */
export async function loadEnvFile() {
  const { addToEnvironment, EnvFileError, readEnvFile } = await importParser();
  try {
    addToEnvironment(readEnvFile(inProject('.env'), '.env'), process.env);
  } catch (error) {
    throw error instanceof EnvFileError ? new Failure(error.message) : error;
  }
}

/** An image may have the build without the sources. */
function importParser() {
  return existsSync(inProject('src/config/env-file.mjs'))
    ? import('../../src/config/env-file.mjs')
    : import('../../dist/src/config/env-file.mjs');
}
