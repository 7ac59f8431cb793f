import { constants, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

const STDOUT = 1;

/** A destination that never waits. */
export interface Output {
  /**
   * Writes as much as the destination takes at this moment.
   * @returns the number of bytes that it took
   * @throws an error with a code: EAGAIN when it takes nothing at this moment
   */
  write(bytes: Buffer): number;
}

/**
 * Keeps errors of stdout and stderr (a closed pipe, a full disk) from ending the process: without a
 * listener, Node throws them. Also makes both non-blocking if they are pipes or sockets, which Node
 * does when it creates the streams. Node restores the flags of the file descriptors when it exits;
 * a process that shares the pipe sees O_NONBLOCK until then.
 */
export function surviveStreamErrors(): void {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.listenerCount('error') === 0) {
      stream.on('error', () => undefined);
    }
  }
}

/**
 * Standard output, without waiting: not for the reader of a pipe, and not for a terminal that is
 * paused (Ctrl-S).
 */
export function openStandardOutput(): Output {
  surviveStreamErrors();
  const fd = isatty(STDOUT) ? openTerminal() : STDOUT;
  return { write: (bytes) => writeSync(fd, bytes) };
}

/**
 * Opened a second time, because Node and the shell write to the first descriptor and expect it to
 * block.
 */
function openTerminal(): number {
  try {
    return openSync('/dev/stdout', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return STDOUT;
  }
}

/** Says something on stderr, if that is possible. Never throws. */
export function writeToStandardError(text: string): void {
  surviveStreamErrors();
  process.stderr.write(text);
}
