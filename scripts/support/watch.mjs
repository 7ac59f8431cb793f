import { spawn } from 'node:child_process';
import { discardBuild, nestCommand } from './build.mjs';
import { exitOf, stopHere } from './command.mjs';
import { projectFolder } from './project.mjs';
import { Service } from './service.mjs';
import { say } from './steps.mjs';

/** What the TypeScript compiler prints after a build without errors. */
const BUILT = /Found 0 errors/;

/**
 * Builds at each change of a source file and serves the newest build without errors, until a stop
 * is requested.
 *
 * @param {string} databaseUrl
 * @param {AbortSignal} stop
 * @returns {Promise<number>} 0, or the exit code of the compiler if it ends by itself
 */
export async function serveAndWatch(databaseUrl, stop) {
  stopHere(stop);
  discardBuild();
  const args = [...nestCommand, '--watch', '--preserveWatchOutput'];
  const compiler = spawn(process.execPath, args, { cwd: projectFolder, stdio: ['ignore', 'pipe', 'inherit'] });
  /** @type {Service | undefined} */
  let service;
  let turn = Promise.resolve();

  const restart = async () => {
    await service?.stop();
    if (stop.aborted) return;
    const current = new Service(databaseUrl);
    service = current;
    void current.exitCode.then((code) => {
      if (service === current && !stop.aborted && code !== 0)
        say(`The service ended with code ${code}. It starts again at the next change.`);
    });
  };
  compiler.stdout.setEncoding('utf8').on('data', (text) => {
    process.stdout.write(text);
    if (BUILT.test(text)) turn = turn.then(restart);
  });
  stop.addEventListener('abort', () => compiler.kill('SIGTERM'));

  const code = await exitOf(compiler);
  await turn;
  await service?.stop();
  return stop.aborted ? 0 : code;
}
