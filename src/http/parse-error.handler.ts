import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { ApiEnvironment } from '../common/api-environment.js';
import type { StructuredLogger } from '../logging/logger.js';
import { Connection } from './pipelined-connection.js';
import type { InFlightRequest } from './in-flight-request.js';
import { describeFailure } from './failure.js';
import { ProtocolError } from './protocol-error.js';
import { writeRawFailure } from './raw-failure.js';
import { sendFailure } from './send-failure.js';

/**
 * Answers what Node gives up on before there is a request: bytes that are not HTTP, headers too large or too slow, CONNECT. Such a
 * failure gets the envelope and a line in the log like every other.
 */
export function handleParseErrors(server: Server, logger: StructuredLogger, env: ApiEnvironment): void {
  server.on('clientError', (error: NodeJS.ErrnoException & { readonly rawPacket?: Buffer }, socket: Socket) => {
    // All that is known of the request is the packet in which it went wrong; a client that asked by HEAD waits for no body.
    const method = error.rawPacket?.toString('latin1', 0, 5) === 'HEAD ' ? 'HEAD' : null;
    refuseBytes(socket, error.code ?? '', (failure) => {
      writeRawFailure(socket, method, failure, { logger, env });
    });
  });
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    const connection = Connection.of(socket);
    connection.isClosing = true;
    connection.afterAnswers(() => {
      writeRawFailure(socket, request.method ?? null, CONNECT_REFUSED, { logger, env });
    });
  });
}

const CONNECT_REFUSED = new ProtocolError(
  405,
  'METHOD_NOT_ALLOWED',
  'The method CONNECT is not allowed: this is not a proxy.',
  {
    // RFC 9110, section 15.5.6: empty when the resource allows nothing.
    Allow: '',
  },
);

function refuseBytes(socket: Socket, code: string, write: (failure: ProtocolError) => void): void {
  const connection = Connection.of(socket);
  if (connection.isClosing) {
    // Node reports each further chunk of a connection it has given up on.
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
    refuseArriving(arriving, failure, socket);
    return;
  }
  connection.afterAnswers(() => {
    write(failure);
  });
}

/** The bytes belong to the body of a request that has, or had, an answer of its own: there is never a second one. */
function refuseArriving({ request, response, fail }: InFlightRequest, failure: ProtocolError, socket: Socket): void {
  if (!response.headersSent) {
    response.setHeader('Connection', 'close');
    if (fail === undefined) {
      sendFailure(request, response, describeFailure(failure));
    } else {
      fail(describeFailure(failure));
    }
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

/** Null when the connection itself is broken, and there is nobody to answer. */
function failureOf(code: string): ProtocolError | null {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new ProtocolError(431, code, 'The address and the headers of the request are too large together.');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new ProtocolError(413, code, 'The chunk extensions of the body are too large.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ProtocolError(408, code, 'The request did not arrive in time.');
    default:
      return code.startsWith('HPE_') ? new ProtocolError(400, code, 'The request is not valid HTTP.') : null;
  }
}
