/**
 * Whether the database can be reached:
 * - `open`: everything passes;
 * - `closed`: connections are cut, and new ones are refused;
 * - `mute`: connections are accepted and nothing comes back. They pass again once the mode is
 *   `open`;
 * - `severed`: as `mute`, but a connection that was silent once stays silent, and the end of the
 *   other side is not reported either: a network path that comes back is a new path.
 */
export type ProxyMode = 'open' | 'closed' | 'mute' | 'severed';

/**
 * What happens to a statement and its connection:
 * - `lost before`: the connection breaks, and the server does not receive the statement;
 * - `lost after`: the server runs the statement, and the connection breaks instead of its response;
 * - `unanswered`: the server runs the statement, and the client receives nothing;
 * - `conflict`: the server rolls back, and the client receives a deadlock error, as from Galera
 *   when the certification fails.
 */
export type CommitFault = 'lost before' | 'lost after' | 'unanswered' | 'conflict';

/**
 * What the proxy does with a statement:
 * - `passes`: the server receives it;
 * - `swallowed`: the server does not receive it, and the connection stays open;
 * - `lost`: the server does not receive it, and its client vanishes as if its host had lost power:
 *   no FIN reaches the server, and nothing reaches the client;
 * - `half sent`: as `lost`, but the server receives the first half of the packet;
 * - a promise: the statement is held until then, and the server receives it even if the client has
 *   gone. The SQL that the promise yields runs before it;
 * - `answerAfter`: the server receives it, and the response is held until the promise settles;
 * - a fault of a COMMIT, which may be used for any statement.
 */
export type StatementAction =
  | 'passes'
  | 'swallowed'
  | 'lost'
  | 'half sent'
  | Promise<string | undefined>
  | { readonly answerAfter: Promise<unknown> }
  | CommitFault;

/**
 * Decides about each statement.
 * @param statements those of its transaction so far, from START TRANSACTION to the current one;
 * outside of a transaction, the current one alone
 */
export type StatementRule = (statements: readonly string[]) => StatementAction;

/** What the proxy decides for all of its connections. */
export interface ProxyRules {
  /** The fault of the next COMMIT, once. */
  takeCommitFault(): CommitFault | undefined;
  actionFor(statements: readonly string[]): StatementAction;
  /** Called when the response to a statement begins to reach the client. */
  onAnswer(sql: string): void;
  /** A statement that runs on each new connection before the client is told of the login. */
  readonly sessionStatement: string | undefined;
  /** A statement that runs after each SET of the client; undefined: none. */
  spoiler(): string | undefined;
  /** How long everything that the server sends is held back. */
  delayMs(): number;
}
