/**
 * Paths whose responses follow a standard of their own instead of the envelope. The controllers and
 * the edge both take them from here.
 */
export const DOCS_PATH = '/docs';
export const HEALTH_PATH = '/health';

/** Whether a path, or the template of a route, is `folder` or lies below it. */
export function isUnder(path: string, folder: string): boolean {
  return path.startsWith(folder) && (path.length === folder.length || path[folder.length] === '/');
}
