import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MaybePromise } from '../common/maybe-promise.js';
import { bodyTooLargeSentence } from '../contract/error-messages.js';
import { ProtocolError } from './error-response.js';

/**
 * How long a body may take by default. The limits of the listeners for a whole request are not
 * longer.
 */
const MAX_BODY_MS = 30_000;

/** Whether the request announces a body at all. */
export function announcesBody({ headers }: IncomingMessage): boolean {
  return Number(headers['content-length'] ?? 0) !== 0 || headers['transfer-encoding'] !== undefined;
}

/**
 * The bytes of a request's body, synchronously if all have arrived. body-parser is not used,
 * because it reads the rest of a rejected body before it lets us respond.
 * @throws ProtocolError (a promise rejects with it) when there are more than `limitBytes`, when the
 * body breaks off, or when it has not arrived after `deadlineMs`
 */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  limitBytes: number,
  deadlineMs = MAX_BODY_MS,
): MaybePromise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) {
    throw bodyTooLarge(limitBytes);
  }
  if (request.headers.expect !== undefined && request.httpVersion === '1.1') {
    // Not earlier, so that a client that waits for 100 sends only a body that is read.
    response.writeContinue();
  }
  return request.complete ? readArrived(request, limitBytes) : readBytes(request, response, limitBytes, deadlineMs);
}

/** Most bodies have fully arrived by the time that their request is served. */
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
    // The rest of the body would be parsed as the next request.
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
    const onBrokenOff = () => {
      // Also called after a complete body, where creating an error and its stack would be wasted.
      if (!request.complete || request.errored !== null) {
        reject(new ProtocolError(400, 'BODY_BROKEN_OFF', 'The connection was closed before the body was complete.'));
      }
    };
    const read = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limitBytes) {
        // The stream keeps flowing and is discarded, so that the connection can be used again.
        request.off('data', read);
        reject(bodyTooLarge(limitBytes));
        return;
      }
      chunks.push(chunk);
    };
    if (request.destroyed) {
      onBrokenOff();
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
    request.once('error', onBrokenOff);
    request.once('close', onBrokenOff);
    // A rejection below HTTP sends a response; the request then emits no more events.
    response.once('close', onBrokenOff);
  });
}
