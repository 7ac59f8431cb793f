import { existsSync } from 'node:fs';
import { Failure } from './failure.mjs';
import { inProject } from './project.mjs';

/** Puts the variables of `.env` into the environment. What is set already wins, as in the service. */
export function loadEnvFile() {
  const file = inProject('.env');
  if (!existsSync(file)) return;
  try {
    process.loadEnvFile(file);
  } catch (error) {
    throw new Failure(`.env cannot be read: ${error.message}`);
  }
}
