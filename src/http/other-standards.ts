/** The paths whose answers are not the envelope: documents for browsers, and health for machines. */
const DOCS = '/docs';
const HEALTH = '/health';

/** Whether the path belongs to Swagger UI and its files: any media type, cached as they say themselves. */
export function isOfDocs(path: string): boolean {
  return isUnder(path, DOCS);
}

/** Whether the path, or a route's template, is asked by machines every few seconds. */
export function isOfHealth(path: string): boolean {
  return isUnder(path, HEALTH);
}

function isUnder(path: string, folder: string): boolean {
  return path.startsWith(folder) && (path.length === folder.length || path[folder.length] === '/');
}
