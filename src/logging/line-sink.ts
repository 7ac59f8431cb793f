/** The token under which the destination of the log is injected. */
export const LINE_SINK = Symbol('line sink');

/** Where finished lines go. */
export interface LineSink {
  /**
   * @param isUrgent whether the line must be written before this returns, if that is possible
   * without waiting
   */
  write(line: string, isUrgent: boolean): void;
  /** How many lines were dropped since the process started. Left out by a sink that drops none. */
  readonly droppedLines?: number;
  /**
   * Sets the function that writes how many lines were dropped. It is called when there is room in
   * the log again.
   */
  onRoom?(report: (droppedLines: number) => void): void;
}
