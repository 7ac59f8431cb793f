/** What HTTP itself makes wrong, in terms of HTTP: errors that no service throws, only the edge. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';

  constructor(
    readonly status: number,
    /** Stable, in capitals; for the log. */
    readonly code: string,
    /** One sentence for the client. */
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}
