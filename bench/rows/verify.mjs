import { join } from 'node:path';
import { mustSucceed } from '../../scripts/support/command.mjs';
import { productEnv } from '../support/product.mjs';
import { SERVER_CORE, workFolder } from '../support/settings.mjs';

const SCRIPT = join(import.meta.dirname, '../candidates/verify-in-process.mjs');

/**
 * `Verifier.verify` without HTTP around it. @returns {Promise<{ perSecond: number, profile: object
 * }>}
 */
export async function measureVerify({ databases, runtime, secrets, settings, stop }) {
  const args = [secrets.ours, settings.few, settings.verifications].map(String);
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    ...productEnv(databases.ours.url, { LOG_LEVEL: 'fatal', PORT: '0', INTERNAL_PORT: '0' }),
  };
  const command = ['-c', SERVER_CORE, runtime.path, SCRIPT, ...args];
  return JSON.parse(await mustSucceed('Verifying in process', 'taskset', command, { stop, env, cwd: workFolder }));
}
