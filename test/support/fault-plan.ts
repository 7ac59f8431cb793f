/**
 * What becomes of the next COMMIT:
 * - `lost before`: the connection breaks, the server never sees it;
 * - `lost after`: the server has committed, and the connection breaks before the client hears of
 *   it;
 * - `unanswered`: the server has committed, and the client hears nothing;
 * - `conflict`: the server rolls back and the client is told of a deadlock, as by Galera when the
 *   certification fails.
 */
export type CommitFate = 'lost before' | 'lost after' | 'unanswered' | 'conflict';

/**
 * What becomes of a statement:
 * - `passes`: the server receives it;
 * - `lost`: it vanishes together with its client, as if the client's host had lost power: no FIN
 *   reaches the server, and nothing the client;
 * - `half sent`: as `lost`, but the server receives the first half of its packet;
 * - a promise: it is held until then, and the server receives it even if the client has gone. SQL
 *   in the result runs before it;
 * - that of a COMMIT, see there.
 */
export type StatementFate = 'passes' | 'lost' | 'half sent' | Promise<string | undefined> | CommitFate;

/**
 * Called for each statement.
 * @param statements those of its transaction so far, START TRANSACTION first and the current one
 * last; outside of one, it alone
 */
export type StatementRule = (statements: readonly string[]) => StatementFate;

/** What the proxy decides for all of its links. */
export interface LinkDecisions {
  /** The fate of the next COMMIT, once. */
  takeCommitFate(): CommitFate | undefined;
  readonly fateOf: StatementRule;
  /** A statement that is run after each SET of the client; undefined: none. */
  spoiler(): string | undefined;
}
