import { destination as openDestination } from 'pino';
import type { LineSink } from './line-sink.js';

/** So much may wait for the end of the turn. */
const MOST_CHARACTERS = 65_536;

/** A log that cannot be written (a disk that is full) is said once, and ends nothing. */
function openOutput(): Output {
  const output = openDestination({ fd: 1, sync: true });
  let isTold = false;
  output.on('error', (error: Error) => {
    if (!isTold) {
      isTold = true;
      process.stderr.write(`The log cannot be written: ${error.message}\n`);
    }
  });
  return output;
}

/** What can be written to, at once. */
interface Output {
  write(text: string): unknown;
}

/**
 * Writes what is logged in one turn of the event loop at its end, all in one: under load one system call for many lines. What is
 * urgent is written before the call returns, with all that came before it; so is the rest when the process exits.
 */
export class StandardOutput implements LineSink {
  private pending = '';
  private isScheduled = false;

  constructor(private readonly output: Output = openOutput()) {
    process.once('exit', () => {
      this.flush();
    });
  }

  write(line: string, isUrgent: boolean): void {
    this.pending += line;
    if (isUrgent || this.pending.length > MOST_CHARACTERS) {
      this.flush();
    } else if (!this.isScheduled) {
      this.isScheduled = true;
      setImmediate(() => {
        this.isScheduled = false;
        this.flush();
      });
    }
  }

  private flush(): void {
    if (this.pending !== '') {
      const text = this.pending;
      this.pending = '';
      this.output.write(text);
    }
  }
}
