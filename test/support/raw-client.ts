import { connect, type Socket } from 'node:net';
import { KEYS, type Answer } from './api-client.js';

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
    await new Promise((resolve) => socket.once('connect', resolve));
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
    await this.wait(() => this.ended, 'the connection to close');
    this.socket.destroy();
    return readAnswers(this.received);
  }

  /** Waits for that many whole responses. */
  async answers(count: number): Promise<RawAnswer[]> {
    await this.wait(() => readAnswers(this.received).length >= count, `${count} answers`);
    return readAnswers(this.received);
  }

  private async wait(condition: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + 3_000;
    while (!condition()) {
      if (Date.now() > deadline) {
        throw new Error(`waited in vain for ${what}; received: ${this.received}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** The whole responses in a text. The rest of the text must be the beginning of another. */
function readAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let start = 0; ;) {
    const end = text.indexOf('\r\n\r\n', start);
    if (end === -1) {
      return answers;
    }
    const [statusLine = '', ...lines] = text.slice(start, end).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
    if (Number.isNaN(status)) {
      throw new Error(`not an answer: ${text.slice(start)}`);
    }
    const headers = Object.fromEntries(lines.map(readHeader));
    const next = end + 4 + Number(headers['content-length'] ?? 0);
    if (text.length < next) {
      return answers;
    }
    answers.push({ status, headers, body: Buffer.from(text.slice(end + 4, next), 'latin1').toString() });
    start = next;
  }
}

function readHeader(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
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
