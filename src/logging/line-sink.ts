/** The token under which the destination of the log is injected. */
export const LINE_SINK = Symbol('line sink');

/** The destination of finished lines. */
export interface LineSink {
  /**
   * @param isUrgent whether to write the line before returning, if that is possible without waiting
   */
  write(line: string, isUrgent: boolean): void;
  /** The number of lines dropped since the start. Absent if the sink drops none. */
  readonly droppedLines?: number;
  /**
   * Sets the function that reports dropped lines. It is called when there is room again.
   */
  onRoom?(report: (droppedLines: number) => void): void;
}
