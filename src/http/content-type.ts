import type { IncomingMessage } from 'node:http';
import { parse } from 'content-type';
import { headerValues } from '../common/raw-headers.js';
import { ProtocolError } from './protocol-error.js';

/** Every text in one of these is UTF-8: the name, its common misspelling, and its subset. */
const UTF8_NAMES: readonly (string | undefined)[] = [undefined, 'utf-8', 'utf8', 'us-ascii'];

/** What a request says about its body (RFC 9110, section 8.3). */
export interface MediaType {
  /** In lower case; empty when the request says nothing. */
  readonly type: string;
  /** Whether the parameter charset, if there is one, names an encoding that UTF-8 includes. */
  readonly isUtf8: boolean;
}

/**
 * The media type of a request's body. Parameters other than charset are ignored.
 * @throws ProtocolError when there are several `Content-Type` headers
 */
export function mediaTypeOf({ headers, rawHeaders }: IncomingMessage): MediaType {
  if (headerValues(rawHeaders, 'content-type').length > 1) {
    throw new ProtocolError(400, 'CONTENT_TYPE_REPEATED', 'Send one Content-Type header, not several.');
  }
  const { type, parameters } = parse(headers['content-type'] ?? '');
  return { type, isUtf8: UTF8_NAMES.includes(parameters.charset?.toLowerCase()) };
}
