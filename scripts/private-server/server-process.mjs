import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopHere } from '../support/command.mjs';
import { Failure } from '../support/failure.mjs';
import { identifyProcess, isAlive } from '../support/processes.mjs';
import { greets } from './socket.mjs';

/** Recovery after a crash may take a while; a server that takes longer hangs. */
const START_DEADLINE_MS = 120_000;

/** For one service and a few commands: a small server, reachable through its socket only. */
const OPTIONS = [
  '--skip-networking',
  '--skip-name-resolve',
  '--skip-log-bin',
  '--character-set-server=utf8mb4',
  '--performance-schema=OFF',
  '--innodb-buffer-pool-size=256M',
  // Only MySQL has these: a second protocol with its own port, and certificates, which a socket
  // does not need.
  '--loose-mysqlx=OFF',
  '--loose-auto-generate-certs=OFF',
];

/**
 * Launches a server in its own session, so that Ctrl-C in the terminal does not reach it: it must
 * end after its clients.
 *
 * @param {{ folder: string, data: string, socket: string, setUp: readonly string[],
 *   options: readonly string[], program: import('./server-program.mjs').ServerProgram,
 *   account: import('./server-account.mjs').Account | null }} plan `setUp` is SQL that runs at each
 *   start, before the server accepts connections
 * @returns {import('../support/processes.mjs').ProcessId}
 */
export function launchServer({ folder, data, socket, setUp, options, program, account }) {
  const setUpFile = join(folder, 'set-up.sql');
  rmSync(setUpFile, { force: true });
  // The server's account owns the folder, so a link there may lead anywhere: 'x' follows none.
  writeFileSync(setUpFile, `${setUp.join('\n')}\n`, { flag: 'wx', mode: 0o644 });
  const log = openLog(folder);

  const args = ['--no-defaults', `--datadir=${data}`, `--socket=${socket}`, `--pid-file=${join(folder, 'server.pid')}`];
  // Its own folder for temporary tables: MariaDB removes all temporary tables there when it starts.
  const more = [`--tmpdir=${folder}`, `--init-file=${setUpFile}`, ...OPTIONS, ...options];
  // Packages of MySQL set a folder for file exports that may not exist.
  if (program.kind === 'MySQL') more.push('--secure-file-priv=NULL');
  if (account?.uid === 0) more.push('--user=root');
  const child = spawn(program.path, [...args, ...more], {
    ...account,
    cwd: data,
    detached: true,
    // Not this process's environment: it may contain a pepper, which other users may not read.
    env: { PATH: process.env.PATH, LANG: 'C' },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.on('error', () => {});
  child.unref();
  const id = child.pid === undefined ? null : identifyProcess(child.pid);
  if (id === null) throw new Failure(`${program.path} could not be started.\n${endOfLog(folder)}`);
  return id;
}

/**
 * Waits until the server accepts connections.
 *
 * @param {import('./server-state.mjs').RunningServer} server
 * @param {string} folder the server's folder
 * @param {AbortSignal} stop
 * @throws {Failure} with the end of the server's log
 */
export async function untilReady({ process, socket }, folder, stop) {
  const deadline = performance.now() + START_DEADLINE_MS;
  while (!(await greets(socket))) {
    stopHere(stop);
    if (!isAlive(process))
      throw new Failure(`The private database server ended during its start.\n${endOfLog(folder)}`);
    if (performance.now() > deadline)
      throw new Failure(`The private database server does not answer.\n${endOfLog(folder)}`);
    await sleep(20);
  }
}

/** @param {string} folder */
function openLog(folder) {
  const path = join(folder, 'server.log');
  if (existsSync(path)) renameSync(path, join(folder, 'server.previous.log'));
  return openSync(path, 'wx', 0o600);
}

/** @param {string} folder */
function endOfLog(folder) {
  const path = join(folder, 'server.log');
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
  const errors = lines.filter((line) => line.includes('[ERROR]'));
  const shown = (errors.length > 0 ? errors : lines).slice(-8);
  return `Its log, ${path}, ends with:\n\n${shown.map((line) => `  ${line}`).join('\n')}`;
}
