import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ApiEnvironment } from '../common/api-environment.js';
import type { RequestIdentity } from '../contract/envelope.js';
import { newIdentity } from '../contract/request-identity.js';
import type { StructuredLogger } from '../logging/logger.js';
import { describeFailure } from './failure.js';
import type { ProtocolError } from './protocol-error.js';
import { envelopeOf } from './send-failure.js';
import { JSON_TYPE } from './send-json.js';

/** How long the peer may take to read the answer and close. Closing at once, with bytes unread, would reset the answer away. */
const LINGER_MS = 1_000;

/** Answers on a bare socket, where there is no response to answer by, writes the line in the log, and ends the connection. */
export function writeRawFailure(
  socket: Socket,
  method: string | null,
  error: ProtocolError,
  { logger, env }: { readonly logger: StructuredLogger; readonly env: ApiEnvironment },
): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const identity = newIdentity(env);
  logger.info(
    {
      request_id: identity.requestId,
      support_id: identity.supportId,
      method,
      route: null,
      status: error.status,
      duration_ms: null,
      key_id: null,
      organization_id: null,
      remote_address: socket.remoteAddress ?? null,
      aborted: false,
      error_code: error.code,
    },
    'request',
  );
  socket.on('error', () => socket.destroy());
  socket.end(rawAnswer(identity, error, method));
  const linger = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => {
    clearTimeout(linger);
  });
}

function rawAnswer(identity: RequestIdentity, error: ProtocolError, method: string | null): string {
  const body = JSON.stringify(envelopeOf(identity, describeFailure(error)));
  const headers = {
    ...error.headers,
    Date: new Date().toUTCString(),
    'Content-Type': JSON_TYPE,
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Id': identity.requestId,
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}\r\n${lines.join('')}\r\n${method === 'HEAD' ? '' : body}`;
}
