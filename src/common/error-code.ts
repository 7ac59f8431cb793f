/**
 * The `code` that Node and its drivers put on an error (`ENOENT`, `ECONNREFUSED`, …); undefined
 * when it has none.
 */
export function errorCode(error: unknown): string | undefined {
  // By its shape, not by instanceof: an error can come from another realm (workers, vm contexts).
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}
