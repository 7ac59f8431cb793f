import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectionOptions, testServerUrl } from './schema.js';

/** What a statement is for, as far as the tests of the cache tell them apart. */
export type Purpose = 'poll' | 'fill' | 'other';

/** What becomes of a statement: it passes, its connection breaks, nobody hears of it, or its answer waits for a promise. */
export type FaultPlan = 'pass' | 'cut' | 'swallow' | Promise<unknown>;

/** A way to the test server that treats statements by what they are for. */
export interface SortingProxy {
  url(schema: string): string;
  /** Called for each statement that comes by. */
  rule: (purpose: Purpose, sql: string) => FaultPlan;
  /** How many answers to each have been passed on. */
  readonly answered: Record<Purpose, number>;
  close(): Promise<void>;
}

export async function openSortingProxy(): Promise<SortingProxy> {
  const server = testServerUrl();
  const options = connectionOptions(server);
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-proxy-'));
  const path = join(folder, 'db.sock');
  const sockets = new Set<Socket>();
  const proxy: SortingProxy = {
    url: (schema) => {
      const url = new URL(server);
      url.pathname = `/${schema}`;
      url.searchParams.set('socketPath', path);
      return url.href;
    },
    rule: () => 'pass',
    answered: { poll: 0, fill: 0, other: 0 },
    close: async () => {
      const closed = new Promise((resolve) => listener.close(resolve));
      for (const socket of sockets) {
        socket.destroy();
      }
      await closed;
      rmSync(folder, { recursive: true, force: true });
    },
  };
  const listener = createServer((client) => {
    const upstream =
      'socketPath' in options ? connect({ path: options.socketPath }) : connect(options.port, options.host);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    sort(client, upstream, proxy);
  });
  await new Promise<void>((resolve) => listener.listen(path, resolve));
  return proxy;
}

function sort(client: Socket, upstream: Socket, proxy: SortingProxy): void {
  let purpose: Purpose = 'other';
  let answers: Promise<unknown> = Promise.resolve();
  client.on('data', (chunk) => {
    const sql = chunk.toString('latin1');
    purpose = purposeOf(sql);
    const fate = proxy.rule(purpose, sql);
    if (fate === 'cut') {
      client.destroy();
      return;
    }
    if (fate === 'swallow') {
      return;
    }
    if (fate !== 'pass') {
      answers = answers.then(() => fate);
    }
    upstream.write(chunk);
  });
  upstream.on('data', (chunk) => {
    const answered = purpose;
    answers = answers.then(() => {
      proxy.answered[answered]++;
      client.write(chunk);
    });
  });
}

function purposeOf(sql: string): Purpose {
  if (sql.includes('feed.epoch')) {
    return 'poll';
  }
  return sql.includes('JOIN api_keys k ON k.id = s.key_id') && sql.includes('s.id IN') ? 'fill' : 'other';
}
