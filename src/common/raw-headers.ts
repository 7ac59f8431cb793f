/**
 * Every value of a header, in the order in which they came. From Node's `rawHeaders`, since
 * `headers` hides a second one, and `headersDistinct` builds an object of all headers for each
 * request.
 * @param name in lower case
 */
export function headerValues(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.length === name.length && rawHeaders[at]?.toLowerCase() === name) {
      values.push(rawHeaders[at + 1] ?? '');
    }
  }
  return values;
}
