/** Where finished lines go. */
export interface LineSink {
  /** @param isUrgent whether the line must be out before this returns, for it may be the last */
  write(line: string, isUrgent: boolean): void;
}
