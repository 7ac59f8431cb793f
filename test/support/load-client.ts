import { Agent, request, type RequestOptions } from 'node:http';
import type { Answer } from './api-client.js';
import { eventually } from './eventually.js';

/** What became of one request. */
export interface Outcome {
  /** Null when no response came. */
  readonly status: number | null;
  /** Node's code for what happened instead of a response. */
  readonly error: string | null;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** From the first byte sent to the last received. */
  readonly ms: number;
  readonly beganMs: number;
}

/** What a request may carry beside its method and URL. */
export interface ExchangeParts {
  readonly secret?: string | undefined;
  /** Text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** After this time a request counts as hanging. */
const PATIENCE_MS = 10_000;

/** Sends one request on a connection of the agent. Never rejects. */
export function exchange(
  agent: Agent,
  method: string,
  url: string,
  { secret, body, headers }: ExchangeParts = {},
): Promise<Outcome> {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  return exchangeExactly(
    url,
    {
      agent,
      method,
      headers: {
        ...(secret !== undefined && { authorization: `Bearer ${secret}` }),
        ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...headers,
      },
    },
    text,
  );
}

/** Sends one request with exactly these options, headers and body. Never rejects. */
export function exchangeExactly(url: string, options: RequestOptions, body?: string | Buffer): Promise<Outcome> {
  const beganMs = performance.now();
  return new Promise((resolve) => {
    const settle = (rest: Partial<Outcome>) => {
      const ms = performance.now() - beganMs;
      resolve({ status: null, error: null, headers: {}, body: '', ms, beganMs, ...rest });
    };
    const fail = (error: NodeJS.ErrnoException) => {
      settle({ error: error.code ?? error.message });
    };
    const outgoing = request(url, { timeout: PATIENCE_MS, ...options });
    outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error('hangs'), { code: 'HANGS' })));
    outgoing.on('error', fail);
    outgoing.on('upgrade', (_, socket) => {
      settle({ error: 'UPGRADED' });
      socket.destroy();
    });
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () => {
        settle({
          status: response.statusCode ?? null,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    outgoing.end(body);
  });
}

/** The envelope of an outcome. */
export function envelope<T = Record<string, unknown>>({ body }: Outcome): Answer<T>['body'] {
  return JSON.parse(body) as Answer<T>['body'];
}

/**
 * Clients that each send one request after the other on a connection of their own, until `stop`.
 */
export class Load {
  readonly outcomes: Outcome[] = [];
  private isOver = false;
  private readonly workers: Promise<void>[];

  /** @param act one request of a client, given its number */
  constructor(clients: number, act: (agent: Agent, client: number) => Promise<Outcome>) {
    this.workers = Array.from({ length: clients }, async (_, client) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (!this.isOver) {
        const outcome = await act(agent, client);
        this.outcomes.push(outcome);
        if (outcome.error !== null) {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }
      agent.destroy();
    });
  }

  /** Waits until that many more requests have ended. */
  async goesOnFor(requests: number): Promise<void> {
    const target = this.outcomes.length + requests;
    await eventually(`${requests} more requests`, () => this.outcomes.length >= target, 20_000);
  }

  async stop(): Promise<readonly Outcome[]> {
    this.isOver = true;
    await Promise.all(this.workers);
    return this.outcomes;
  }
}

/** Counts outcomes by status, or by error where no response came. */
export function tally(outcomes: readonly Outcome[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, error } of outcomes) {
    const kind = String(status ?? error);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** The longest duration, in milliseconds. */
export function longestMs(outcomes: readonly Outcome[]): number {
  return Math.max(0, ...outcomes.map(({ ms }) => ms));
}
