import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Program } from './program.mjs';

/** What a shell in a fresh installation has. */
export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const SET_UP = `set -e; tree=$1; root=$2; shift 2
mount --bind "$tree" "$tree"
mount -t proc proc "$tree/proc"
mount --rbind /sys "$tree/sys"
mount --rbind /dev "$tree/dev"
mount -o "remount,bind,$root" "$tree"
exec chroot "$tree" "$@"`;

/** Collects the orphans, as the first process of a machine does, and is there. */
const WAIT = ['sh', '-c', 'echo ready; while sleep 3600; do :; done'];

/**
 * A tree that is entered like a machine of its own: its own root, mounts and processes. All of them, and all mounts,
 * are gone when its first process ends, and that one does not outlive us, even if we are killed.
 */
export class Chamber {
  #tree;
  /** The first process: in there it has the number 1. */
  first;

  /**
   * @param {string} tree
   * @param {{ first?: string[], readOnly?: boolean, env?: Record<string, string> }} [options] `first`: the command of
   *   the first process; one that waits, if not said
   */
  constructor(tree, { first = WAIT, readOnly = false, env = {} } = {}) {
    this.#tree = tree;
    const isolate = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--'];
    this.first = this.#spawn([...isolate, 'sh', '-c', SET_UP, 'sh', tree, readOnly ? 'ro' : 'rw', ...first], env);
  }

  /** @returns {Promise<Chamber>} once it can be entered */
  static async open(tree) {
    const chamber = new Chamber(tree);
    await chamber.first.says('ready', 10_000);
    return chamber;
  }

  /**
   * @param {string[]} command
   * @param {{ cwd?: string, env?: Record<string, string> }} [options] nothing of our own environment reaches it
   * @returns {Program}
   */
  launch(command, { cwd = '/', env = {} } = {}) {
    const enter = ['nsenter', `--target=${this.first.innerPid}`, '--mount', '--pid', 'chroot', this.#tree];
    return this.#spawn([...enter, 'env', `--chdir=${cwd}`, ...command], env);
  }

  async close() {
    this.first.signal('SIGKILL');
    await this.first.exitCode;
  }

  #spawn(command, env) {
    // In a session of its own: Ctrl-C is for us to hear.
    const options = {
      cwd: '/',
      env: { PATH, HOME: '/root', ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    };
    return new Program(spawn('setpriv', ['--pdeathsig=KILL', '--', ...command], options), childOf);
  }
}

/** `unshare` and `nsenter` stay outside and have one child, who went in. */
function childOf(pid) {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
  return child === '' ? null : Number(child);
}
