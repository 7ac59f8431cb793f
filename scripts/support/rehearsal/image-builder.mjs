import { cpSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Failure } from '../failure.mjs';
import { say, secondsSince, step } from '../steps.mjs';
import { readIgnoreFile } from './build-context.mjs';
import { Chamber } from './chamber.mjs';
import { copyTree } from './debian-tree.mjs';
import { execForm } from './dockerfile.mjs';

const RUN_DEADLINE_MS = 600_000;

/**
 * What an image says of itself, beside its files.
 * @typedef {{ tree: string, env: Record<string, string>, workdir: string, user: string, command: string[],
 *   health: { command: string[], intervalMs: number, timeoutMs: number, startPeriodMs: number, retries: number } }} Image
 */

/** Does what Docker does with a Dockerfile, each stage in a tree of its own. */
export class ImageBuilder {
  #options;
  /** @type {Map<string, Image>} */
  #images = new Map();

  /**
   * @param {{ folder: string, context: string, network: Record<string, string>, stop: AbortSignal,
   *   pull: (base: string, tree: string) => Promise<void> }} options `network`: the environment that reaches the
   *   registry; `pull` makes the tree of an image that is no stage
   */
  constructor(options) {
    this.#options = options;
  }

  /** @param {import('./dockerfile.mjs').Stage[]} stages @returns {Promise<Image>} the last */
  async build(stages) {
    for (const stage of stages) await step(`FROM ${stage.base} AS ${stage.name}`, () => this.#buildStage(stage));
    return this.#images.get(stages.at(-1).name);
  }

  async #buildStage({ base, name, instructions }) {
    const { folder, pull, stop } = this.#options;
    const tree = join(folder, `stage-${name}`);
    const parent = this.#images.get(base);
    if (parent === undefined) await pull(base, tree);
    else await copyTree(parent.tree, tree, stop);
    const image = { env: {}, workdir: '/', user: 'root', ...parent, tree };
    for (const instruction of instructions) {
      const begun = performance.now();
      await this.#do(instruction, image);
      if (instruction.name === 'RUN') say(`    RUN ${instruction.text.slice(0, 80)}: ${secondsSince(begun)}`);
    }
    this.#images.set(name, image);
  }

  async #do({ name, flags, text }, image) {
    switch (name) {
      case 'WORKDIR':
        image.workdir = resolve(image.workdir, text);
        return mkdirSync(join(image.tree, image.workdir), { recursive: true });
      case 'ENV':
        return Object.assign(image.env, Object.fromEntries(text.split(/\s+/).map((pair) => pair.split(/=(.*)/s, 2))));
      case 'COPY':
        return this.#copy(flags.from, text.split(/\s+/), image);
      case 'RUN':
        return this.#run(text, image);
      case 'USER':
        image.user = text;
        return;
      case 'EXPOSE':
        return;
      case 'HEALTHCHECK':
        image.health = healthOf(flags, text);
        return;
      case 'CMD':
        image.command = execForm(text);
        return;
      default:
        throw new Failure(`The rehearsal does not know the Dockerfile's ${name}.`);
    }
  }

  async #run(text, { tree, env, workdir }) {
    const chamber = await Chamber.open(tree);
    try {
      const options = { cwd: workdir, env: { ...this.#options.network, ...env } };
      await chamber.launch(['/bin/sh', '-c', text], options).ends({ deadlineMs: RUN_DEADLINE_MS });
    } finally {
      await chamber.close();
    }
  }

  #copy(from, paths, { tree, workdir }) {
    const { context } = this.#options;
    const origin = from === undefined ? context : this.#images.get(from).tree;
    const filter = from === undefined ? readIgnoreFile(context) : () => true;
    const to = paths.at(-1);
    const target = join(tree, resolve(workdir, to));
    for (const path of paths.slice(0, -1)) {
      const source = join(origin, path);
      if (!filter(source)) throw new Failure(`.dockerignore keeps out ${path}, which the Dockerfile copies.`);
      // As Docker: of a folder, the content; a file by its own name, if the target is a folder.
      const isFile = !statSync(source).isDirectory();
      const intoFolder = to.endsWith('/') || paths.length > 2 || (existsSync(target) && statSync(target).isDirectory());
      const options = { recursive: true, verbatimSymlinks: true, filter };
      cpSync(source, isFile && intoFolder ? join(target, basename(path)) : target, options);
    }
  }
}

function healthOf({ interval, timeout, 'start-period': startPeriod, retries }, text) {
  const ms = (seconds) => Number(/^(\d+)s$/.exec(seconds)[1]) * 1000;
  return {
    command: execForm(text.replace(/^CMD\s+/, '')),
    intervalMs: ms(interval),
    timeoutMs: ms(timeout),
    startPeriodMs: ms(startPeriod),
    retries: Number(retries),
  };
}
