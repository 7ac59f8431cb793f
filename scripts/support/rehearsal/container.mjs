import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.mjs';
import { Chamber, PATH } from './chamber.mjs';

const COMMAND_DEADLINE_MS = 60_000;

/** @returns {string[]} the command, as the image's user, without root's rights or a way to them */
export function asService({ user, workdir }, command) {
  const rights = ['--bounding-set=-all', '--inh-caps=-all', '--no-new-privs'];
  // By numbers, as in `USER 1000:1000`: Docker gives it no other group then.
  const [uid, gid = uid] = user.split(':');
  return [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    ...rights,
    'env',
    `--chdir=${workdir}`,
    ...command,
  ];
}

/** A container of an image: the command is its first process, and its files cannot be changed. */
export class Container {
  #chamber;
  #image;
  #env;

  /**
   * @param {import('./image-builder.mjs').Image} image
   * @param {{ environment: Record<string, string>, command?: string[] | null, read_only?: boolean }} service as the
   *   compose file has it
   */
  constructor(image, { environment, command, read_only: readOnly }) {
    this.#image = image;
    this.#env = { PATH, HOME: '/home/node', ...image.env, ...environment };
    const first = asService(image, command ?? image.command);
    this.#chamber = new Chamber(image.tree, { first, readOnly, env: this.#env });
  }

  get output() {
    return this.#chamber.first.output;
  }

  /** Runs a command beside the first, as `docker exec` does. @returns {Promise<{ code: number, output: string }>} */
  async exec(command, deadlineMs = COMMAND_DEADLINE_MS) {
    const program = this.#chamber.launch(asService(this.#image, command), { env: this.#env });
    const late = setTimeout(() => program.signal('SIGKILL'), deadlineMs);
    const code = await program.exitCode;
    clearTimeout(late);
    return { code, output: program.output };
  }

  /** @throws {Failure} if the image's health check does not succeed in the time that it gives itself */
  async untilHealthy() {
    const { command, intervalMs, timeoutMs, startPeriodMs, retries } = this.#image.health;
    const deadline = performance.now() + startPeriodMs + retries * intervalMs;
    for (;;) {
      const { code, output } = await this.exec(command, timeoutMs);
      if (code === 0) return;
      if (performance.now() > deadline)
        throw new Failure(`${this.output}\n${output}\n\nThe container does not become healthy.`);
      // More often than Docker asks: the time it took is of interest.
      await sleep(100);
    }
  }

  /** @throws {Failure} unless the first process ends with 0 */
  ends(deadlineMs = COMMAND_DEADLINE_MS) {
    return this.#chamber.first.ends({ deadlineMs });
  }

  /** As `docker stop`. @throws {Failure} unless it ends with 0 within the grace */
  stop(graceSeconds) {
    this.#chamber.first.signal('SIGTERM');
    return this.ends(graceSeconds * 1000);
  }
}
