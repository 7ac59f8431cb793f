/**
 * Of the heap limit, this much may be the cache: the process needs the rest, and the garbage
 * collector room to work in.
 */
const SHARE_OF_HEAP = 0.25;

/**
 * How many bytes the cache may take: what is configured, or a share of the heap if that is less.
 */
export function cacheBytes(configured: number, heapLimit: number): number {
  return Math.min(configured, Math.floor(heapLimit * SHARE_OF_HEAP));
}
