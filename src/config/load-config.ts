import { existsSync } from 'node:fs';
import type { Config } from './config.js';
import { developmentPepper } from './development-pepper.js';
import { parseEnv } from './parse-env.js';

const ENV_FILE = '.env';

/**
 * The configuration of this process: its environment, and what `.env` in the working folder adds to it.
 * @throws ConfigError that lists all that is wrong at once
 */
export function loadConfig(): Config {
  if (existsSync(ENV_FILE)) {
    process.loadEnvFile(ENV_FILE);
  }
  return parseEnv(process.env, developmentPepper);
}
