/**
 * The share of the heap limit that the cache may take. The rest is for requests and the collector.
 */
const SHARE_OF_HEAP = 0.25;

/**
 * The bytes that the cache may take: the configured number, or a share of the heap if that is less.
 */
export function cacheBytes(configured: number, heapLimit: number): number {
  return Math.min(configured, Math.floor(heapLimit * SHARE_OF_HEAP));
}
