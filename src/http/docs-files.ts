import type { HttpMiddleware } from './http-request.js';
import { describeNoRoute } from './no-route.js';

/** The files that the page loads, as its HTML names them, and the document. */
const FILES = new Set([
  '/swagger-ui.css',
  '/swagger-ui-bundle.js',
  '/swagger-ui-standalone-preset.js',
  '/swagger-ui-init.js',
  '/favicon-16x16.png',
  '/favicon-32x32.png',
  '/openapi.json',
]);

/**
 * Mounted before Swagger UI, which serves the whole folder of its package: lets the page and the
 * files that it loads through, and answers every other path with 404. The path is compared as it
 * was sent, so an encoded spelling of another file is refused too.
 *
 * Without its final slash, or with a query, the page is redirected: it names its files relative to
 * itself, so that it works under any path prefix, and Nest decides by the last character of the
 * whole URL what they are relative to.
 */
export const serveOnlyDocsFiles: HttpMiddleware = (request, response, next) => {
  const isPage = request.path === '/' && (request.method === 'GET' || request.method === 'HEAD');
  if (!isPage && !FILES.has(request.path)) {
    response.setHeader('Cache-Control', 'no-store');
    next(describeNoRoute(request, []));
    return;
  }
  const [pathAsSent = '', query] = request.originalUrl.split('?', 2);
  const hasSlash = pathAsSent.endsWith('/');
  if (isPage && (!hasSlash || query !== undefined)) {
    // Relative, because only the client knows the prefix that a proxy has stripped.
    response.writeHead(302, { Location: hasSlash ? './' : 'docs/', 'Content-Length': 0 }).end();
    return;
  }
  next();
};
