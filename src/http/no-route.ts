import type { HttpRequest } from './http-request.js';
import { ProtocolError } from './protocol-error.js';

/** What a layer of Express's router shows of itself: the routes are asked, so there is no second list of them. */
export interface RouterLayer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean | undefined>> };
  match(path: string): unknown;
}

/**
 * Why no route took a request: no such path (404), or not by this method (405, with `Allow`). The path is not repeated: it
 * may hold a secret, in a spelling that no pattern knows.
 */
export function describeNoRoute(request: HttpRequest, layers: readonly RouterLayer[]): ProtocolError {
  const { method = '', path } = request;
  const allowed = allowedMethods(path, layers);
  if (allowed.length === 0) {
    return new ProtocolError(404, 'NO_ROUTE', `There is no ${method} at this path.`);
  }
  const allow = allowed.join(', ');
  return new ProtocolError(
    405,
    'METHOD_NOT_ALLOWED',
    `The method ${method} is not allowed here; these are: ${allow}.`,
    {
      Allow: allow,
    },
  );
}

function allowedMethods(path: string, layers: readonly RouterLayer[]): string[] {
  const methods = layers
    .filter((layer) => layer.route !== undefined && Boolean(layer.match(path)))
    .flatMap((layer) => Object.keys(layer.route?.methods ?? {}));
  // Express answers HEAD by the route of GET.
  const withHead = methods.includes('get') ? [...methods, 'head'] : methods;
  return [...new Set(withHead)].map((name) => name.toUpperCase()).sort();
}
