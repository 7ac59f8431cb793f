import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { KEYS, type Answer } from './api-client.js';

/** How long a test waits for the server. */
const PATIENCE_MS = 3_000;

/** One response, byte for byte. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A connection on which a test writes any bytes. */
export class RawClient {
  private received = '';
  private ended = false;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => (this.received += text));
    socket.on('end', () => (this.ended = true));
    socket.on('close', () => (this.ended = true));
    socket.on('error', () => (this.ended = true));
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  send(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  /** Sends FIN and goes on reading. */
  finish(): this {
    this.socket.end();
    return this;
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Sends RST, as the kernel does for a killed process. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Everything received so far. */
  get text(): string {
    return this.received;
  }

  get isClosed(): boolean {
    return this.ended;
  }

  /** Waits until the server closes the connection, and returns every response. */
  async answersUntilClose(): Promise<RawAnswer[]> {
    await this.untilClosed();
    this.socket.destroy();
    return parse(this.received).answers;
  }

  /** Waits for that many whole responses. */
  async answers(count: number): Promise<RawAnswer[]> {
    await this.wait(() => parse(this.received).answers.length >= count, `${count} answers`);
    return parse(this.received).answers;
  }

  /** Waits until the server closes the connection. */
  async untilClosed(patienceMs = PATIENCE_MS): Promise<void> {
    await this.wait(() => this.ended, 'the connection to close', patienceMs);
  }

  private async wait(condition: () => boolean, what: string, patienceMs = PATIENCE_MS): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!condition()) {
      if (Date.now() > deadline) {
        throw new Error(`waited in vain for ${what}; received: ${this.received}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** The whole responses in a text, and what follows them, which must be the beginning of another. */
function parse(text: string): { readonly answers: RawAnswer[]; readonly rest: string } {
  const answers: RawAnswer[] = [];
  for (let start = 0; ;) {
    const end = text.indexOf('\r\n\r\n', start);
    if (end === -1) {
      return { answers, rest: text.slice(start) };
    }
    const [statusLine = '', ...lines] = text.slice(start, end).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
    if (Number.isNaN(status)) {
      throw new Error(`not HTTP: ${text.slice(start, start + 300)}`);
    }
    const headers = Object.fromEntries(lines.map(readHeader));
    const next = end + 4 + Number(headers['content-length'] ?? 0);
    if (text.length < next) {
      return { answers, rest: text.slice(start) };
    }
    answers.push({ status, headers, body: Buffer.from(text.slice(end + 4, next), 'latin1').toString() });
    start = next;
  }
}

function readHeader(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

/** What the server sent on one connection. */
export interface RawOutcome {
  /** The final responses, without the interim ones. */
  readonly answers: readonly RawAnswer[];
  /** What is not HTTP, or not whole; null: nothing. */
  readonly trouble: string | null;
}

/**
 * Writes bytes on a connection of their own, each piece in a packet of its own, and reads until the
 * server closes the connection.
 * @param end whether the client then sends FIN. Otherwise the server has to time out
 */
export async function sendBytes(
  port: number,
  { pieces, end }: { readonly pieces: readonly string[]; readonly end: boolean },
  patienceMs = 20_000,
): Promise<RawOutcome> {
  const client = await RawClient.connect(port);
  try {
    for (const piece of pieces) {
      client.send(piece);
      await new Promise((next) => setImmediate(next));
    }
    if (end) {
      client.finish();
    }
    await client.untilClosed(patienceMs);
    const { answers, rest } = parse(client.text);
    const final = answers.filter(({ status }) => status >= 200);
    return { answers: final, trouble: rest === '' ? null : `not whole: ${client.text.slice(0, 300)}` };
  } catch (error) {
    return { answers: [], trouble: String(error) };
  } finally {
    client.destroy();
  }
}

/** Lists keys with exactly these header lines, byte for byte (latin1), repeated ones included. */
export async function listWithHeaders({ url }: { readonly url: string }, lines: readonly string[]): Promise<Answer> {
  const client = await RawClient.connect(Number(new URL(url).port));
  client.send([`GET ${KEYS}?limit=1 HTTP/1.1`, 'Host: test', 'Connection: close', ...lines, '', ''].join('\r\n'));
  const [answer] = await client.answersUntilClose();
  if (answer === undefined) {
    throw new Error('no response came');
  }
  const body = JSON.parse(Buffer.from(answer.body, 'latin1').toString('utf8')) as Answer['body'];
  return { status: answer.status, headers: new Headers(answer.headers), body };
}
