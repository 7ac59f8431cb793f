import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** NODE_OPTIONS that load a module into the product before it starts. */
export function preload(path: string): string {
  return `--import ${pathToFileURL(resolve(path)).href}`;
}
