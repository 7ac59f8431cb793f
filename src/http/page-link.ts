/**
 * The `Link` header (RFC 8288) to the page after the cursor: the query of the request, with another
 * `after`. A reference of a query alone keeps the path of the URL that the client used (RFC 3986,
 * section 5.3), also behind a proxy that strips a prefix from it.
 */
export function linkToNextPage(url: string, after: string): string {
  const queryStart = url.indexOf('?');
  const parameters = new URLSearchParams(queryStart === -1 ? '' : url.slice(queryStart + 1));
  parameters.set('after', after);
  return `<?${parameters.toString()}>; rel="next"`;
}
