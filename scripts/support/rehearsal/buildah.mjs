import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { capture, mustSucceed } from '../command.mjs';
import { requireTool } from '../ensure-tool.mjs';

/**
 * The part of an image's configuration that a rehearsal uses. Durations are in nanoseconds, as
 * Docker stores them.
 * @typedef {{ Cmd: string[], WorkingDir: string,
 * Healthcheck: { Test: string[], Interval: number, Timeout: number, StartPeriod: number, Retries:
 * number } }} ImageConfig
 */

/**
 * Builds run in mount and process namespaces of their own, so that no mount or process outlives a
 * build.
 */
const OWN_NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'];

/**
 * buildah with a storage folder of its own. Isolation is `chroot`, because it needs no container
 * runtime, no cgroups and no daemon.
 */
export class Buildah {
  /** What another process needs to use the same storage. */
  place;

  /**
   * @param {{ folder: string, driver: string }} place `driver`: of the storage, `overlay` or `vfs`
   */
  constructor(place) {
    this.place = place;
  }

  /**
   * Installs buildah if it is missing, opens the storage and removes the containers that an
   * interrupted run left.
   *
   * @param {string} folder which is kept: it holds the layers that the next build reuses
   * @param {AbortSignal} stop
   */
  static async open(folder, stop) {
    await requireTool('buildah', 'buildah', stop);
    mkdirSync(join(folder, 'tmp'), { recursive: true });
    const overlay = new Buildah({ folder, driver: 'overlay' });
    // Fails where the folder is on an overlay already, as in most containers.
    const { code } = await capture('buildah', overlay.args('info'), { env: overlay.env, stop });
    const buildah = code === 0 ? overlay : new Buildah({ folder, driver: 'vfs' });
    await buildah.removeContainers(stop);
    return buildah;
  }

  /** @param {string[]} args */
  args(...args) {
    const { folder, driver } = this.place;
    // The two drivers cannot share a folder.
    const storage = ['--root', join(folder, `storage-${driver}`), '--runroot', join(folder, `run-${driver}`)];
    return [...storage, '--storage-driver', driver, ...args];
  }

  /** For buildah itself: none of it reaches a container. */
  get env() {
    return { ...process.env, BUILDAH_ISOLATION: 'chroot', TMPDIR: join(this.place.folder, 'tmp') };
  }

  /**
   * @param {string[]} args
   * @param {AbortSignal} [stop]
   * @returns {Promise<string>} what buildah printed, without the last line break
   */
  async run(args, stop) {
    const output = await mustSucceed(`buildah ${args[0]}`, 'buildah', this.args(...args), { env: this.env, stop });
    return output.trim();
  }

  /**
   * Builds the Dockerfile of a folder, and removes the layers that only older builds used.
   *
   * @param {string} context
   * @param {string} tag
   * @param {string} base the one image that the Dockerfile may use without building it
   * @param {AbortSignal} stop
   */
  async build(context, tag, base, stop) {
    // vfs copies all files for each layer, which takes longer than building them again.
    const layers = this.place.driver === 'overlay' ? ['--layers'] : [];
    // Docker's format, because OCI's has no HEALTHCHECK.
    const options = ['--pull-never', '--network', 'host', '--format', 'docker', ...layers, '--tag', tag];
    const args = [...OWN_NAMESPACES, 'buildah', ...this.args('bud', ...options, context)];
    const output = await mustSucceed('buildah bud', 'unshare', args, { env: this.env, stop });
    await this.#removeImagesExcept([...layersIn(output), await this.#idOf(base), await this.#idOf(tag)], stop);
  }

  /** @param {string} image @returns {Promise<ImageConfig>} */
  async configOf(image) {
    return JSON.parse(await this.run(['inspect', '--type', 'image', image])).Docker.config;
  }

  /** @param {string} image @returns {Promise<string>} "307 MB" */
  async sizeOf(image) {
    // One line for each name of the image.
    return firstLine(await this.run(['images', '--format', '{{.Size}}', image]));
  }

  /** @param {string} image */
  async hasImage(image) {
    const { code } = await capture('buildah', this.args('inspect', '--type', 'image', image), { env: this.env });
    return code === 0;
  }

  /** @param {AbortSignal} [stop] */
  async removeContainers(stop) {
    await this.run(['rm', '--all'], stop);
  }

  /** @param {string} image */
  async #idOf(image) {
    return firstLine(await this.run(['images', '--quiet', image]));
  }

  /** @param {string[]} kept short or long ids @param {AbortSignal} stop */
  async #removeImagesExcept(kept, stop) {
    const all = (await this.run(['images', '--all', '--quiet'], stop)).split('\n').filter(Boolean);
    const old = all.filter((id) => !kept.some((other) => other.startsWith(id) || id.startsWith(other)));
    if (old.length > 0) await this.run(['rmi', ...new Set(old)], stop);
  }
}

/** @param {string} text */
function firstLine(text) {
  return text.split('\n', 1)[0] ?? '';
}

/** Of each step, buildah prints the layer that it made or reused. @param {string} output */
function layersIn(output) {
  return [...output.matchAll(/^--> (?:Using cache )?([0-9a-f]+)$/gm)].map(([, id = '']) => id);
}
