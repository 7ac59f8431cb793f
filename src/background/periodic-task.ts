import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@nestjs/common';

/** What a `PeriodicTask` does, and when. */
export interface PeriodicTaskOptions {
  /** The time from the beginning of one run to the beginning of the next. */
  readonly intervalMs: number;
  /**
   * The share of the interval, from 0 to 1, by which it is randomly shortened or lengthened, so
   * that several instances do not run at the same moments. Default: 0.
   */
  readonly jitter?: number;
  /** Whether the first run belongs to the start, which then waits for it. Default: false. */
  readonly runsAtStart?: boolean;
  /** Logs the first failure of a series, so that an outage does not fill the log. */
  readonly logger: Pick<Logger, 'warn'>;
  /** What that line says. */
  readonly failureMessage: string;
  /**
   * One run. A run may reject: the next one follows all the same. The signal aborts at the stop.
   */
  readonly run: (signal: AbortSignal) => Promise<unknown>;
}

/**
 * A background job. Runs never overlap: a run that takes longer than the interval is followed by
 * the next one at once. The timer does not keep the process alive.
 */
export class PeriodicTask {
  private readonly stopping = new AbortController();
  private loop: Promise<void> | undefined;
  private isFailing = false;

  constructor(private readonly options: PeriodicTaskOptions) {}

  /** Starts the job; does nothing if it has been started. Never rejects. */
  async start(): Promise<void> {
    if (this.loop === undefined) {
      const first = this.options.runsAtStart === true ? this.runOnce() : Promise.resolve();
      this.loop = this.repeat(first);
      await first;
    }
  }

  /** Stops the job and waits for the run that is under way. It cannot be started again. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async repeat(first: Promise<void>): Promise<void> {
    const { signal } = this.stopping;
    let startedMs = performance.now();
    await first;
    while (await isTimeAfter(startedMs + this.nextIntervalMs(), signal)) {
      startedMs = performance.now();
      await this.runOnce();
    }
  }

  private async runOnce(): Promise<void> {
    const { signal } = this.stopping;
    try {
      await this.options.run(signal);
      this.isFailing = false;
    } catch (error) {
      if (!this.isFailing && !signal.aborted) {
        this.options.logger.warn(error, this.options.failureMessage);
      }
      this.isFailing = true;
    }
  }

  private nextIntervalMs(): number {
    const { intervalMs, jitter = 0 } = this.options;
    return intervalMs * (1 + jitter * (2 * Math.random() - 1));
  }
}

/** Waits until then, on the monotonic clock. False if the signal aborts first. */
async function isTimeAfter(atMs: number, signal: AbortSignal): Promise<boolean> {
  const waitMs = Math.max(0, atMs - performance.now());
  return sleep(waitMs, true, { signal, ref: false }).catch(() => false);
}
