import type { HttpMiddleware } from './http-request.js';
import { describeNoRoute } from './server/express.adapter.js';

/** The files that the page loads, by the names in its HTML, and the document. */
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
 * Mounted before Swagger UI, which serves the whole folder of its package: passes on the page and
 * the files that it loads, and responds to every other path with 404. Paths are compared as they
 * were sent, so an encoded spelling of another file is rejected too.
 *
 * Without its final slash, or with a query, the page is redirected: its links are relative, so that
 * it works under any path prefix, and Nest resolves them by the last character of the whole URL.
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
    // Relative, because a proxy may have stripped a prefix that only the client knows.
    response.writeHead(302, { Location: hasSlash ? './' : 'docs/', 'Content-Length': 0 }).end();
    return;
  }
  next();
};
