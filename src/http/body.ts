import type { IncomingMessage, ServerResponse } from 'node:http';
import { bodyTooLargeSentence } from '../contract/error-messages.js';
import type { MaybePromise } from '../common/maybe-promise.js';
import { ProtocolError } from './protocol-error.js';

/**
 * How long a body may take by default. The listeners' own limits for a whole request are shorter or
 * equal.
 */
const LONGEST_BODY_MS = 30_000;

/** Whether the request announces a body at all. */
export function announcesBody({ headers }: IncomingMessage): boolean {
  return Number(headers['content-length'] ?? 0) !== 0 || headers['transfer-encoding'] !== undefined;
}

/**
 * The bytes of a request's body. Our own reading rather than body-parser's, which swallows the rest of a refused body before it lets
 * us answer. There at once if all has arrived.
 * @throws ProtocolError (a promise rejects with it) when there are more than `limitBytes`, when the
 * body breaks off, or when it has not arrived after `deadlineMs`
 */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  limitBytes: number,
  deadlineMs = LONGEST_BODY_MS,
): MaybePromise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) {
    throw bodyTooLarge(limitBytes);
  }
  if (request.headers.expect !== undefined && request.httpVersion === '1.1') {
    // Only now, when it will be read: a client that asks before it sends is spared the sending.
    response.writeContinue();
  }
  return request.complete ? readArrived(request, limitBytes) : readBytes(request, response, limitBytes, deadlineMs);
}

/** What is there as a whole, as nearly every body is by the time that its request is served, needs nobody to wait for it. */
function readArrived(request: IncomingMessage, limitBytes: number): Buffer {
  const bytes = (request.read() as Buffer | null) ?? Buffer.alloc(0);
  if (bytes.length > limitBytes) {
    throw bodyTooLarge(limitBytes);
  }
  return bytes;
}

function bodyTooLarge(limitBytes: number): ProtocolError {
  return new ProtocolError(413, 'BODY_TOO_LARGE', bodyTooLargeSentence(limitBytes));
}

function bodyTooSlow(deadlineMs: number): ProtocolError {
  return new ProtocolError(
    408,
    'BODY_TOO_SLOW',
    `The body did not arrive within ${deadlineMs / 1_000} seconds.`,
    // What is still to come of the body would be taken for the next request.
    { Connection: 'close' },
  );
}

function readBytes(
  request: IncomingMessage,
  response: ServerResponse,
  limitBytes: number,
  deadlineMs: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const brokenOff = () => {
      // Also called after a good end: an error, which remembers its stack, is made only where there is something to tell.
      if (!request.complete || request.errored !== null) {
        reject(new ProtocolError(400, 'BODY_BROKEN_OFF', 'The body broke off before its end.'));
      }
    };
    const read = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limitBytes) {
        // The stream flows on into nothing, so that the connection can be used again.
        request.off('data', read);
        reject(bodyTooLarge(limitBytes));
        return;
      }
      chunks.push(chunk);
    };
    if (request.destroyed) {
      brokenOff();
      return;
    }
    const tooSlow = setTimeout(() => {
      request.off('data', read);
      reject(bodyTooSlow(deadlineMs));
    }, deadlineMs);
    request.once('close', () => {
      clearTimeout(tooSlow);
    });
    request.on('data', read);
    request.once('end', () => {
      clearTimeout(tooSlow);
      const [first] = chunks;
      resolve(first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks));
    });
    request.once('error', brokenOff);
    request.once('close', brokenOff);
    // Refused below HTTP meanwhile: of the request nothing is heard any more.
    response.once('close', brokenOff);
  });
}
