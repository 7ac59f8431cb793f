import { errorCode } from '../common/error-code.js';
import type { LineSink } from './line-sink.js';
import { openStandardOutput, writeToStandardError, type Output } from './standard-streams.js';

/** Lines are collected until the end of the event-loop tick, up to this size. */
const MAX_CHARACTERS = 65_536;
/** The buffer for a blocked destination. Further lines are dropped. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;
/**
 * The pauses between attempts to write to a blocked destination: doubled from the first to the
 * second.
 */
const FIRST_PAUSE_MS = 5;
const MAX_PAUSE_MS = 200;
/** How long the exit of the process waits for a slow reader. */
const LAST_WAIT_MS = 100;
const LAST_PAUSE_MS = 5;
const NOTHING = Buffer.alloc(0);

/**
 * Writes the lines of an event-loop tick by one system call. Urgent lines are written immediately,
 * together with all lines before them.
 *
 * Never waits for the destination (ADR 17). If its reader is slow or its disk is full, lines wait
 * in memory. Beyond 4 MB they are dropped and counted.
 */
export class StandardOutput implements LineSink {
  droppedLines = 0;
  /** Lines that are not encoded yet. */
  private pending = '';
  /** The bytes that are being written. */
  private rest: Buffer = NOTHING;
  private isScheduled = false;
  /** The error of the last attempt. Undefined while the destination accepts everything. */
  private blockedBy: string | undefined;
  private waitingBytes = 0;
  private pauseMs = FIRST_PAUSE_MS;
  private timer: NodeJS.Timeout | undefined;
  /** Dropped lines that are not reported yet. */
  private unreported = 0;
  private report: ((droppedLines: number) => void) | undefined;

  /** @param tell reports once, at the start of each blockage, why the log cannot be written */
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
    if (isUrgent || (this.blockedBy === undefined && this.pending.length > MAX_CHARACTERS)) {
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
   * Buffers a line. After lines were dropped, half of the buffer must be free before others are
   * accepted, so that there is one gap instead of many.
   */
  private hold(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.unreported > 0 || this.waitingBytes + bytes > MAX_BUFFERED_BYTES) {
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
    if (this.unreported > 0 && this.waitingBytes <= MAX_BUFFERED_BYTES / 2) {
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
      this.pauseMs = Math.min(2 * this.pauseMs, MAX_PAUSE_MS);
    }
  }

  /** Writes the last lines of the process. */
  private finish(): void {
    const deadlineMs = performance.now() + LAST_WAIT_MS;
    this.flush();
    while (this.blockedBy === 'EAGAIN' && performance.now() < deadlineMs) {
      sleep(LAST_PAUSE_MS);
      this.flush();
    }
  }
}

/** Blocks the thread. Only for a process that is exiting. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
