import { connect, type Socket } from 'node:net';

/** One answer, as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A connection on which a test writes what it likes. */
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

  /** Says that nothing more will be sent, and still reads. */
  finish(): this {
    this.socket.end();
    return this;
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Vanishes, as a process that is killed does. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** What has come so far. */
  get text(): string {
    return this.received;
  }

  get isClosed(): boolean {
    return this.ended;
  }

  /** Waits until the server closed the connection, and returns every answer that came. */
  async answersUntilClose(): Promise<RawAnswer[]> {
    await this.wait(() => this.ended, 'the connection to close');
    this.socket.destroy();
    return readAnswers(this.received);
  }

  /** Waits for that many whole answers. */
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

/** The whole answers in a text; what follows the last of them must be the beginning of one. */
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
