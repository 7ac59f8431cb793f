import { Agent, request } from 'node:http';
import type { Answer } from './api-client.js';
import { eventually } from './eventually.js';

/** What became of one request. */
export interface Outcome {
  /** Null when no answer came. */
  readonly status: number | null;
  /** Node's code for what happened instead of an answer. */
  readonly error: string | null;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** From the first byte sent to the last received. */
  readonly ms: number;
  readonly beganMs: number;
}

/** Past this the product is taken to hang. */
const PATIENCE_MS = 10_000;

/** Sends one request over a connection of the agent; never rejects. */
export function exchange(
  agent: Agent,
  method: string,
  url: string,
  secret?: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const beganMs = performance.now();
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve) => {
    const settle = (rest: Partial<Outcome>) => {
      const ms = performance.now() - beganMs;
      resolve({ status: null, error: null, headers: {}, body: '', ms, beganMs, ...rest });
    };
    const outgoing = request(url, {
      agent,
      method,
      timeout: PATIENCE_MS,
      headers: {
        ...(secret !== undefined && { authorization: `Bearer ${secret}` }),
        ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...headers,
      },
    });
    outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error('hangs'), { code: 'HANGS' })));
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      settle({ error: error.code ?? error.message });
    });
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (error: NodeJS.ErrnoException) => {
        settle({ error: error.code ?? error.message });
      });
      response.on('end', () => {
        settle({
          status: response.statusCode ?? null,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    outgoing.end(text);
  });
}

/** The envelope of an outcome. */
export function envelope<T = Record<string, unknown>>({ body }: Outcome): Answer<T>['body'] {
  return JSON.parse(body) as Answer<T>['body'];
}

/** Some clients that send one request after the other, each on a connection that it keeps, until told to stop. */
export class Load {
  readonly outcomes: Outcome[] = [];
  private isOver = false;
  private readonly workers: Promise<void>[];

  /** @param act one request of a client; its number says which of them it is */
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

  /** Waits until so many more requests have ended. */
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

/** How many outcomes there are of each kind: by status, or by error. */
export function tally(outcomes: readonly Outcome[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, error } of outcomes) {
    const kind = String(status ?? error);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** The longest of them, in milliseconds. */
export function longestMs(outcomes: readonly Outcome[]): number {
  return Math.max(0, ...outcomes.map(({ ms }) => ms));
}
