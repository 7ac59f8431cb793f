/** The `Link` header (RFC 8288) to the page after the cursor: the address as it was asked for, with another `after`. */
export function linkToNextPage(url: string, after: string): string {
  const [path = '', query = ''] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('after', after);
  return `<${encodeTarget(path)}?${parameters.toString()}>; rel="next"`;
}

// The path came over the wire: what would end the target, or the header, must not stand in it raw.
function encodeTarget(path: string): string {
  return path.replace(/[^\x21\x23-\x3b\x3d\x3f-\x7e]/g, (character) => encodeURIComponent(character));
}
