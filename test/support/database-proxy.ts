import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommitFate, StatementRule } from './fault-plan.js';
import { DatabaseLink } from './database-link.js';
import { connectionOptions, testServerUrl } from './schema.js';

/** Whether the database can be reached at all; `mute` takes everything and answers nothing. */
export type ProxyMode = 'open' | 'closed' | 'mute';

/** A way to the test server that can break at a chosen moment. */
export interface DatabaseProxy {
  /** A URL of the schema through the proxy. */
  url(schema: string): string;
  set(mode: ProxyMode): void;
  /**
   * A statement that is run after each SET of the client, as if the server did not keep what was
   * set; undefined: none.
   */
  spoilSessions(statement: string | undefined): void;
  /** Decides over the next COMMIT that comes by, once. */
  onNextCommit(fate: CommitFate): void;
  /** Decides over each statement. */
  rule: StatementRule;
  close(): Promise<void>;
}

/**
 * @param sessionStatement is run on each new connection before the client hears of it, as if the
 * server were configured so
 * @param server the server, if not the test server
 */
export async function openProxy(sessionStatement?: string, server = testServerUrl()): Promise<DatabaseProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-proxy-'));
  const path = join(folder, 'db.sock');
  const links = new Set<DatabaseLink>();
  let mode: ProxyMode = 'open';
  let fate: CommitFate | undefined;
  let spoiler: string | undefined;
  const takeFate = () => {
    const taken = fate;
    fate = undefined;
    return taken;
  };
  const listener = createServer((client) => {
    if (mode === 'closed') {
      client.destroy();
      return;
    }
    const link = new DatabaseLink(client, connect(addressOf(server)), sessionStatement, {
      takeCommitFate: takeFate,
      fateOf: (statements) => proxy.rule(statements),
      spoiler: () => spoiler,
    });
    link.muted = mode === 'mute';
    links.add(link);
    client.once('close', () => link.isLost || links.delete(link));
  });
  await new Promise<void>((resolve) => listener.listen(path, resolve));
  const proxy: DatabaseProxy = {
    url: (schema) => {
      const url = new URL(server);
      url.pathname = `/${schema}`;
      url.searchParams.set('socketPath', path);
      return url.href;
    },
    set: (next) => {
      mode = next;
      for (const link of links) {
        link.muted = next === 'mute' || (link.isLost && link.muted);
        if (next === 'closed') {
          link.cut();
        }
      }
    },
    spoilSessions: (statement) => {
      spoiler = statement;
    },
    onNextCommit: (next) => {
      fate = next;
    },
    rule: () => 'passes',
    close: async () => {
      for (const link of links) {
        link.cut();
      }
      await new Promise<void>((resolve) => {
        listener.close(() => {
          resolve();
        });
      });
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return proxy;
}

function addressOf(server: URL): { path: string } | { host: string; port: number } {
  const options = connectionOptions(server);
  return 'socketPath' in options ? { path: options.socketPath } : { host: options.host, port: options.port };
}
