import { setTimeout as sleep } from 'node:timers/promises';
import { mustSucceed } from '../command.mjs';
import { Failure } from '../failure.mjs';
import { Program } from './program.mjs';

const COMMAND_DEADLINE_MS = 60_000;

const NANOSECONDS = 1e-6;

/**
 * What a rehearsal uses of a service in a Compose file.
 * @typedef {{ environment: Record<string, string>, command?: string[] | null, read_only?: boolean,
 *   cap_drop?: string[],
 *   security_opt?: string[], stop_grace_period?: string, ports?: { target: number }[] }} Service
 */

/** A container of an image, run by buildah as the image's user, in the network of this process. */
export class Container {
  #buildah;
  #name;
  #service;
  /** Of the image. */
  config;
  /** @type {Program | undefined} */
  #main;

  /**
   * @param {import('./buildah.mjs').Buildah} buildah
   * @param {string} name
   * @param {Service} service
   * @param {import('./buildah.mjs').ImageConfig} config
   */
  constructor(buildah, name, service, config) {
    this.#buildah = buildah;
    this.#name = name;
    this.#service = service;
    this.config = config;
  }

  /**
   * @param {import('./buildah.mjs').Buildah} buildah
   * @param {string} image
   * @param {Service} service
   * @param {string[]} [hosts] names that lead to this machine
   */
  static async create(buildah, image, service, hosts = []) {
    const drops = (service.cap_drop ?? []).flatMap((name) => ['--cap-drop', name]);
    const names = hosts.flatMap((name) => ['--add-host', `${name}:127.0.0.1`]);
    const name = await buildah.run(['from', '--pull-never', ...drops, ...names, image]);
    const container = new Container(buildah, name, service, await buildah.configOf(image));
    if (service.read_only) await container.#makeReadOnly();
    return container;
  }

  /** @returns {Promise<string>} the folder that is its root */
  mount() {
    return this.#buildah.run(['mount', this.#name]);
  }

  /** Starts the command of the service, or the image's. */
  start() {
    this.#main = this.#launch(this.#service.command ?? this.config.Cmd);
    return this.#main;
  }

  get output() {
    return this.#main?.output ?? '';
  }

  /**
   * Runs a command beside the first, as `docker exec` does.
   *
   * @param {string[]} command
   * @returns {Promise<{ code: number, output: string }>}
   */
  async exec(command, deadlineMs = COMMAND_DEADLINE_MS) {
    const program = this.#launch(command);
    const late = setTimeout(() => program.signal('SIGKILL'), deadlineMs);
    const code = await program.exitCode;
    clearTimeout(late);
    return { code, output: program.output };
  }

  /**
   * @throws {Failure} if the image's health check does not succeed in the time that it gives itself
   */
  async untilHealthy() {
    const { Test, Interval, Timeout, StartPeriod, Retries } = this.config.Healthcheck;
    if (Test[0] !== 'CMD') throw new Failure(`The rehearsal does not know this health check: ${Test.join(' ')}`);
    const deadline = performance.now() + (StartPeriod + Retries * Interval) * NANOSECONDS;
    for (;;) {
      const { code, output } = await this.exec(Test.slice(1), Timeout * NANOSECONDS);
      if (code === 0) return;
      if (performance.now() > deadline)
        throw new Failure(`${this.output}\n${output}\n\nThe container does not become healthy.`);
      // Docker asks less often. Here the time until then is reported.
      await sleep(100);
    }
  }

  /** @param {string[]} command */
  #launch(command) {
    const variables = Object.entries(this.#service.environment).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    const args = this.#buildah.args('run', '--network', 'host', ...variables, this.#name, '--', ...command);
    // buildah has no option for it, and what is forbidden to buildah stays forbidden to what it
    // runs.
    const wrapped = this.#service.security_opt?.includes('no-new-privileges:true') ? ['setpriv', '--no-new-privs'] : [];
    return Program.launch([...wrapped, 'buildah', ...args], this.#buildah.env);
  }

  /**
   * buildah has no option for this. A first run makes the files that it mounts something over; only
   * /run stays writable, for root, because it keeps a note there.
   */
  async #makeReadOnly() {
    await this.#buildah.run(['run', '--user', 'root', '--network', 'host', this.#name, '--', 'true']);
    const root = await this.mount();
    const mount = (/** @type {string[]} */ ...args) => mustSucceed('mount', 'mount', args, {});
    await mount('--bind', root, root);
    await mount('-o', 'remount,bind,ro', root);
    await mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', `${root}/run`);
  }
}
