import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopHere } from '../command.mjs';
import { Failure } from '../failure.mjs';
import { isAlive, nameProcess } from '../processes.mjs';
import { greets } from './socket.mjs';

/** Recovery after a crash may take a while; a server that says nothing for so long will say nothing more. */
const START_DEADLINE_MS = 120_000;

/** For one service and a few commands: reached through its socket and nothing else, and small. */
const OPTIONS = [
  '--skip-networking',
  '--skip-name-resolve',
  '--skip-log-bin',
  '--character-set-server=utf8mb4',
  '--performance-schema=OFF',
  '--innodb-buffer-pool-size=256M',
  // Only MySQL knows these: a second protocol with a port of its own, and certificates that a socket does not need.
  '--loose-mysqlx=OFF',
  '--loose-auto-generate-certs=OFF',
];

/**
 * Launches a server in a session of its own, so that Ctrl-C in the terminal does not reach it: it must end last.
 *
 * @param {{ folder: string, data: string, socket: string, setUp: string[], options: string[],
 *   program: import('./server-program.mjs').ServerProgram,
 *   account: import('./server-account.mjs').Account | null }} plan `setUp`: SQL, done at each start before anybody is let in
 * @returns {import('../processes.mjs').ProcessName}
 */
export function launchServer({ folder, data, socket, setUp, options, program, account }) {
  const setUpFile = join(folder, 'set-up.sql');
  rmSync(setUpFile, { force: true });
  // The folder is the server's, not ours: whatever lies there, we do not write through it ('x' follows no link).
  writeFileSync(setUpFile, `${setUp.join('\n')}\n`, { flag: 'wx', mode: 0o644 });
  const log = openLog(folder);

  const args = ['--no-defaults', `--datadir=${data}`, `--socket=${socket}`, `--pid-file=${join(folder, 'server.pid')}`];
  const more = [`--init-file=${setUpFile}`, ...OPTIONS, ...options];
  // MySQL as packaged insists on a folder for file exports that may not exist.
  if (program.kind === 'MySQL') more.push('--secure-file-priv=NULL');
  if (account?.uid === 0) more.push('--user=root');
  const child = spawn(program.path, [...args, ...more], {
    ...account,
    cwd: data,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.on('error', () => {});
  child.unref();
  const name = child.pid === undefined ? null : nameProcess(child.pid);
  if (name === null) throw new Failure(`${program.path} could not be started.\n${lastWords(folder)}`);
  return name;
}

/**
 * Waits until the server lets clients in.
 *
 * @param {import('./server-notes.mjs').RunningServer} server
 * @param {string} folder the server's own
 * @param {AbortSignal} stop
 * @throws {Failure} with the end of the server's log
 */
export async function untilReady({ process, socket }, folder, stop) {
  const deadline = performance.now() + START_DEADLINE_MS;
  while (!(await greets(socket))) {
    stopHere(stop);
    if (!isAlive(process))
      throw new Failure(`The private database server ended instead of starting.\n${lastWords(folder)}`);
    if (performance.now() > deadline)
      throw new Failure(`The private database server does not answer.\n${lastWords(folder)}`);
    await sleep(20);
  }
}

function openLog(folder) {
  const path = join(folder, 'server.log');
  if (existsSync(path)) renameSync(path, join(folder, 'server.previous.log'));
  return openSync(path, 'wx', 0o600);
}

function lastWords(folder) {
  const path = join(folder, 'server.log');
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
  const errors = lines.filter((line) => line.includes('[ERROR]'));
  const shown = (errors.length > 0 ? errors : lines).slice(-8);
  return `Its log, ${path}, ends with:\n\n${shown.map((line) => `  ${line}`).join('\n')}`;
}
