import { request, type Agent } from 'node:http';
import { connect } from 'node:net';
import type { HostileBytes } from './hostile-bytes.js';
import type { HostileRequest } from './hostile-requests.js';

/** An answer, as it came. */
export interface WireAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What came of one request, or of all that were written on one connection. */
export interface WireOutcome {
  readonly answers: readonly WireAnswer[];
  /** What happened instead of an answer, or after some; null when all went as HTTP goes. */
  readonly trouble: string | null;
}

/** Past this, the product hangs. Its own deadlines are five seconds together; the machine may be busy. */
const PATIENCE_MS = 20_000;

export function sendRequest(
  agent: Agent,
  port: number,
  { method, path, headers, body }: HostileRequest,
): Promise<WireOutcome> {
  return new Promise((resolve) => {
    const outgoing = request({ agent, port, host: '127.0.0.1', method, path, headers, timeout: PATIENCE_MS });
    const fail = (trouble: string) => {
      resolve({ answers: [], trouble });
    };
    outgoing.on('timeout', () => {
      fail('hangs');
      outgoing.destroy();
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      fail(error.code ?? error.message);
    });
    outgoing.on('upgrade', (_, socket) => {
      fail('upgraded');
      socket.destroy();
    });
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => {
        fail('broke off');
      });
      response.on('end', () => {
        const contentType = response.headers['content-type'] ?? '';
        resolve({
          answers: [{ status: response.statusCode ?? 0, contentType, body: Buffer.concat(chunks).toString() }],
          trouble: null,
        });
      });
    });
    outgoing.end(body ?? undefined);
  });
}

/** Writes bytes on a connection of their own, and reads until the server closes it. */
export function sendBytes(port: number, { pieces, end }: HostileBytes): Promise<WireOutcome> {
  return new Promise((resolve) => {
    let received = '';
    let trouble: string | null = null;
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => void write());
    socket.setEncoding('latin1').on('data', (text: string) => (received += text));
    // What the server has said before it cut the connection has still been said.
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    const patience = setTimeout(() => {
      trouble = 'hangs';
      socket.destroy();
    }, PATIENCE_MS);
    socket.on('close', () => {
      clearTimeout(patience);
      const answers = readAnswers(received);
      resolve({ answers: answers ?? [], trouble: answers === null ? `not HTTP: ${received.slice(0, 300)}` : trouble });
    });
    const write = async () => {
      for (const piece of pieces) {
        socket.write(piece, 'latin1');
        await new Promise((next) => setImmediate(next));
      }
      if (end) {
        socket.end();
      }
    };
  });
}

/** All answers in a text, interim ones left out; null unless it is made of whole answers alone. */
function readAnswers(text: string): WireAnswer[] | null {
  const answers: WireAnswer[] = [];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\r\n\r\n', at);
    const head = text.slice(at, end);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? NaN);
    if (end === -1 || Number.isNaN(status)) {
      return null;
    }
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    const body = text.slice(end + 4, end + 4 + length);
    at = end + 4 + length;
    if (body.length < length) {
      return null;
    }
    if (status >= 200) {
      const contentType = /\r\ncontent-type: ([^\r]*)/i.exec(head)?.[1] ?? '';
      answers.push({ status, contentType, body: Buffer.from(body, 'latin1').toString() });
    }
  }
  return answers;
}
