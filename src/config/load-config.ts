import { existsSync } from 'node:fs';
import type { Config } from './config.js';
import { developmentPepper } from './development-pepper.js';
import { addToEnvironment, EnvFileError, readEnvFile, type EnvFileEntry } from './env-file.mjs';
import { misspeltVariable } from './misspelt-variables.js';
import { ConfigError, parseEnv } from './parse-env.js';

const ENV_FILE = '.env';

/**
 * The configuration of this process: its environment, and what `.env` in the working folder adds to
 * it.
 * @throws ConfigError that lists all that is wrong at once
 */
export function loadConfig(): Config {
  addToEnvironment(readEntries(), process.env);
  return parseEnv(process.env, developmentPepper);
}

function readEntries(): EnvFileEntry[] {
  // A working folder that this user may not enter has no file for it.
  if (!existsSync(ENV_FILE)) {
    return [];
  }
  try {
    const entries = readEnvFile(ENV_FILE);
    const problems = entries.flatMap(({ name, line }) => {
      const meant = misspeltVariable(name);
      return meant === null ? [] : [`${ENV_FILE}, line ${line} sets ${name}, which is not known; write ${meant}`];
    });
    if (problems.length > 0) {
      throw new ConfigError(problems);
    }
    return entries;
  } catch (error) {
    throw error instanceof EnvFileError ? new ConfigError(error.problems) : error;
  }
}
