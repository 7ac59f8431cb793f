import { constants, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

const STDOUT = 1;

/** A destination that never blocks. */
export interface Output {
  /**
   * Writes as much as the destination accepts without blocking.
   * @returns the number of bytes written
   * @throws an error with a code: EAGAIN if it accepts nothing now
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
 * Standard output without blocking, neither on the reader of a pipe nor on a paused terminal
 * (Ctrl-S).
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

/** Writes to stderr if possible. Never throws. */
export function writeToStandardError(text: string): void {
  surviveStreamErrors();
  process.stderr.write(text);
}
