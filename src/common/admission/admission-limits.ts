/** How much work an `Admission` lets run and wait. */
export interface AdmissionLimits {
  /** How many run at once, over all tenants. */
  readonly running: number;
  readonly runningPerTenant: number;
  readonly runningPerKey: number;
  readonly queuedPerTenant: number;
  readonly queuedPerKey: number;
  /** Places that no other tenant may take, by tenant. Left out: none. */
  readonly reserved?: Readonly<Record<string, number>>;
}

/** The key that work is done for. Null: work that is bounded by its tenant alone. */
export type AdmissionKey = string | null;

/**
 * Why a request was not admitted: its queue was full, it waited too long, or what it waits for is
 * known to fail.
 */
export const REFUSAL_REASONS = ['queue-full', 'timeout', 'unavailable'] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** `aborted`: the request left the queue by its own signal, which is no refusal. */
export type AdmissionOutcome = 'admitted' | 'aborted' | RefusalReason;

/** How long a request waits at most, and what takes it out of the queue before that. */
export interface WaitOptions {
  readonly waitMs: number;
  readonly signal?: AbortSignal;
}
