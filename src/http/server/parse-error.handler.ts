import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { ApiEnvironment } from '../../common/api-environment.js';
import { RequestContext } from '../../common/request-context.js';
import type { AccessLog } from '../access-log.js';
import { describeFailure, envelopeOf, JSON_TYPE, ProtocolError } from '../error-response.js';
import { PipelinedConnection, type InFlightRequest } from './pipelining.js';

/**
 * How long the peer may take to read the response and close. Closing immediately, with unread bytes
 * in the buffer, would reset the connection and discard the response.
 */
const LINGER_MS = 1_000;

const CONNECT_REFUSED = new ProtocolError(
  405,
  'METHOD_NOT_ALLOWED',
  'The method CONNECT is not allowed: this is not a proxy.',
  {
    // RFC 9110, section 15.5.6: empty if the resource allows nothing.
    Allow: '',
  },
);

/**
 * Answers what Node rejects before there is a request: bytes that are not HTTP, headers that are
 * too large or too slow, CONNECT. Such a failure gets the envelope, a line in the access log and a
 * count, like every other.
 */
export function handleParseErrors(server: Server, env: ApiEnvironment, accessLog: AccessLog): void {
  const writeFailure = (socket: Socket, method: string | null, failure: ProtocolError) => {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const context = new RequestContext(env, method, socket.remoteAddress ?? null, null);
    context.failure = { code: failure.code, detail: undefined };
    accessLog.record(context, failure.status, false);
    endWith(socket, rawResponse(context, failure));
  };
  server.on('clientError', (error: NodeJS.ErrnoException & { readonly rawPacket?: Buffer }, socket: Socket) => {
    // Only the packet with the error is known. A client that sent HEAD expects no body.
    const method = error.rawPacket?.toString('latin1', 0, 5) === 'HEAD ' ? 'HEAD' : null;
    rejectBytes(socket, error.code ?? '', (failure) => {
      writeFailure(socket, method, failure);
    });
  });
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    const connection = PipelinedConnection.of(socket);
    connection.isClosing = true;
    connection.afterResponses(() => {
      writeFailure(socket, request.method ?? null, CONNECT_REFUSED);
    });
  });
}

function rejectBytes(socket: Socket, code: string, write: (failure: ProtocolError) => void): void {
  const connection = PipelinedConnection.of(socket);
  if (connection.isClosing) {
    // Node reports each further chunk of a connection that it no longer parses.
    return;
  }
  connection.isClosing = true;
  const failure = failureOf(code);
  if (failure === null || !socket.writable) {
    socket.destroy();
    return;
  }
  const arriving = connection.findArriving();
  if (arriving !== undefined) {
    rejectArriving(arriving, failure, socket);
    return;
  }
  connection.afterResponses(() => {
    write(failure);
  });
}

/**
 * The bytes belong to the body of a request that has its own response; it never gets a second one.
 */
function rejectArriving(inFlight: InFlightRequest, failure: ProtocolError, socket: Socket): void {
  const { response } = inFlight;
  if (!response.headersSent) {
    response.setHeader('Connection', 'close');
    inFlight.fail(describeFailure(failure));
    return;
  }
  if (response.writableFinished || !response.writableEnded) {
    socket.destroy();
    return;
  }
  response.once('close', () => {
    socket.destroy();
  });
}

/** Null if the connection itself is broken, so that no response can be sent. */
function failureOf(code: string): ProtocolError | null {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new ProtocolError(431, code, 'The request line and the headers are too large.');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new ProtocolError(413, code, 'The chunk extensions of the body are too large.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ProtocolError(408, code, 'The request did not arrive in time.');
    default:
      return code.startsWith('HPE_') ? new ProtocolError(400, code, 'The request is not valid HTTP.') : null;
  }
}

/** Written by hand, because Node has no response object for a request that it rejected. */
function rawResponse(context: RequestContext, error: ProtocolError): string {
  const body = JSON.stringify(envelopeOf(context, describeFailure(error)));
  const headers = {
    ...error.headers,
    Date: new Date().toUTCString(),
    'Content-Type': JSON_TYPE,
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Id': context.requestId,
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const sentBody = context.method === 'HEAD' ? '' : body;
  return `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}\r\n${lines.join('')}\r\n${sentBody}`;
}

function endWith(socket: Socket, response: string): void {
  socket.on('error', () => socket.destroy());
  socket.end(response);
  const linger = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => {
    clearTimeout(linger);
  });
}
