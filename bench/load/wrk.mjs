import { join } from 'node:path';
import { capture, mustSucceed } from '../../scripts/support/command.mjs';
import { requireTool } from '../../scripts/support/ensure-tool.mjs';
import { Failure } from '../../scripts/support/failure.mjs';
import { CONNECTIONS, INTERNAL_TOKEN, LOAD_CORE } from '../support/settings.mjs';

/** Of the requests; they are not counted. More, and what is measured is something else. */
const TOLERATED = 0.01;
const SCRIPT = join(import.meta.dirname, 'requests.lua');

/** @returns {Promise<string>} the version of wrk, which is installed if it is missing */
export async function ensureWrk(stop) {
  await requireTool('wrk', 'wrk', stop);
  return (await capture('wrk', ['-v'], { stop })).output.split(' ').slice(0, 2).join(' ');
}

/**
 * Asks a server for a while: as many requests as the connections can.
 *
 * @param {import('../support/servers.mjs').Server} server
 * @param {number} seconds
 * @param {{ file: string, skip?: number, count: number, shape?: 'current' | 'verify' | 'batch' |
 *   'forward-auth' }} asked
 * @param {AbortSignal} stop
 * @returns {Promise<{ perSecond: number, perCpuSecond: number, requests: number }>}
 *   `perCpuSecond`: for each second of
 *   processor time that the server used, which a machine busy with other things hardly changes
 * @throws {Failure} if more than a few requests failed
 */
export async function load(server, seconds, { file, skip = 0, count, shape = 'current' }, stop) {
  const url = shape === 'current' ? `${server.url}/current` : server.internalUrl;
  const wrk = ['wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--timeout', '10s', '-s', SCRIPT, url];
  const cpuBefore = server.cpuSeconds();
  const args = ['-c', LOAD_CORE, ...wrk, '--', shape, file, String(skip), String(count), INTERNAL_TOKEN];
  const output = await mustSucceed('wrk', 'taskset', args, { stop });
  const cpuSeconds = server.cpuSeconds() - cpuBefore;
  const { requests, durationUs, failed } = JSON.parse(output.trim().split('\n').at(-1) ?? '');
  if (failed > requests * TOLERATED) throw new Failure(`${failed} of ${requests} requests to ${url} failed.`);
  const good = requests - failed;
  return { requests, perSecond: (good * 1_000_000) / durationUs, perCpuSecond: good / cpuSeconds };
}
