import { errorCode } from '../common/error-code.js';
import type { LineSink } from './line-sink.js';
import { openStandardOutput, writeToStandardError, type Output } from './standard-streams.js';

/** The lines of one turn of the event loop wait for its end, but no more than this. */
const MOST_CHARACTERS = 65_536;
/** What waits for a destination that takes nothing. Further lines are dropped. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;
/**
 * A blocked destination is tried again after the first of these; the pause doubles up to the
 * second.
 */
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 200;
/** How long the end of the process waits for a reader that is merely slow. */
const LAST_WAIT_MS = 100;
const LAST_PAUSE_MS = 5;
const NOTHING = Buffer.alloc(0);

/**
 * Writes the lines of one turn of the event loop at its end, all at once: under load, one system
 * call for many lines. Urgent lines are written immediately, together with all lines before them.
 *
 * Never waits for the destination (ADR 17). What it does not take, because its reader is slow or
 * its disk is full, waits in memory and is tried again; beyond 4 MB, lines are dropped and counted.
 */
export class StandardOutput implements LineSink {
  droppedLines = 0;
  /** Lines that are not encoded yet. */
  private pending = '';
  /** What is being written. */
  private rest: Buffer = NOTHING;
  private isScheduled = false;
  /** Why the destination took nothing the last time; undefined while it takes everything. */
  private blockedBy: string | undefined;
  private waitingBytes = 0;
  private pauseMs = FIRST_PAUSE_MS;
  private timer: NodeJS.Timeout | undefined;
  /** Lines that were dropped and are not reported yet. */
  private unreported = 0;
  private report: ((droppedLines: number) => void) | undefined;

  /** @param tell says once what keeps the log from being written, each time that it begins */
  constructor(
    private readonly output: Output = openStandardOutput(),
    private readonly tell: (text: string) => void = writeToStandardError,
    atExit: (work: () => void) => void = (work) => process.once('exit', work),
  ) {
    atExit(() => {
      this.finish();
    });
  }

  write(line: string, isUrgent: boolean): void {
    if (this.blockedBy !== undefined) {
      this.hold(line);
    } else {
      this.pending += line;
    }
    if (isUrgent || (this.blockedBy === undefined && this.pending.length > MOST_CHARACTERS)) {
      this.flush();
    } else if (this.blockedBy === undefined && !this.isScheduled) {
      this.isScheduled = true;
      setImmediate(() => {
        this.isScheduled = false;
        this.flush();
      });
    }
  }

  onRoom(report: (droppedLines: number) => void): void {
    this.report = report;
  }

  /**
   * Keeps a line for later. Once lines were dropped, half of the buffer must be free before others
   * are kept: one gap, not many.
   */
  private hold(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.unreported > 0 || this.waitingBytes + bytes > MOST_WAITING_BYTES) {
      this.droppedLines++;
      this.unreported++;
      return;
    }
    this.pending += line;
    this.waitingBytes += bytes;
  }

  private flush(): void {
    this.writeAll();
    if (this.blockedBy !== undefined) {
      this.retryLater();
    }
    if (this.unreported > 0 && this.waitingBytes <= MOST_WAITING_BYTES / 2) {
      const dropped = this.unreported;
      this.unreported = 0;
      this.report?.(dropped);
    }
  }

  private writeAll(): void {
    try {
      while (this.rest.length > 0 || this.pending !== '') {
        this.writeSome();
      }
      this.rest = NOTHING;
      this.blockedBy = undefined;
      this.waitingBytes = 0;
      this.pauseMs = FIRST_PAUSE_MS;
    } catch (error) {
      this.block(errorCode(error) ?? String(error));
    }
  }

  private writeSome(): void {
    if (this.rest.length === 0) {
      this.rest = Buffer.from(this.pending);
      this.pending = '';
    }
    const written = this.output.write(this.rest);
    if (written === 0) {
      throw Object.assign(new Error('nothing was taken'), { code: 'EAGAIN' });
    }
    this.rest = this.rest.subarray(written);
    if (this.blockedBy !== undefined) {
      this.waitingBytes -= written;
      this.pauseMs = FIRST_PAUSE_MS;
    }
  }

  private block(code: string): void {
    if (this.blockedBy === undefined) {
      this.waitingBytes = this.rest.length + Buffer.byteLength(this.pending);
    }
    if (code !== 'EAGAIN' && code !== this.blockedBy) {
      this.tell(
        `The log cannot be written (${code}). Up to 4 MB of it wait in memory; lines beyond that are dropped.\n`,
      );
    }
    this.blockedBy = code;
  }

  private retryLater(): void {
    if (this.timer === undefined) {
      this.timer = setTimeout(() => {
        this.timer = undefined;
        this.flush();
      }, this.pauseMs).unref();
      this.pauseMs = Math.min(2 * this.pauseMs, LONGEST_PAUSE_MS);
    }
  }

  /** The last lines of the process. */
  private finish(): void {
    const deadlineMs = performance.now() + LAST_WAIT_MS;
    this.flush();
    while (this.blockedBy === 'EAGAIN' && performance.now() < deadlineMs) {
      sleep(LAST_PAUSE_MS);
      this.flush();
    }
  }
}

/** Stops the thread; only for a process that is ending. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
