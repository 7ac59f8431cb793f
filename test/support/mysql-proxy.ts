import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type NetConnectOpts, type Server } from 'node:net';
import { join } from 'node:path';
import { ProxiedConnection } from './mysql-proxied-connection.js';
import type { CommitFault, ProxyMode, ProxyRules, StatementRule } from './mysql-proxy-rules.js';
import { connectionOptions, testServerUrl } from './schema.js';

export interface MysqlProxyOptions {
  /** The server behind the proxy. Default: the test server. */
  readonly server?: URL;
  /**
   * A statement that runs on each new connection before the client is told of the login, as if the
   * server were configured so.
   */
  readonly sessionStatement?: string;
}

/**
 * A proxy in front of a MySQL server that can be slow, fall silent, break connections, or treat
 * single statements differently. It listens on a Unix socket.
 *
 * @example
 * const proxy = await MysqlProxy.open();
 * const latchkey = await TestApp.start({ database: proxy.url(schema.name) });
 * proxy.rule = (statements) => (statements.at(-1) === 'COMMIT' ? 'lost before' : 'passes');
 */
export class MysqlProxy {
  /** Decides about each statement. */
  rule: StatementRule = () => 'passes';
  /** Called when the response to a statement begins to reach the client. */
  onAnswer: (sql: string) => void = () => undefined;
  /** How long everything that the server sends is held back, in milliseconds. */
  delayMs = 0;
  readonly socketPath: string;
  private readonly folder = mkdtempSync('/tmp/latchkey-proxy-');
  private readonly open = new Set<ProxiedConnection>();
  private readonly listener: Server;
  private mode: ProxyMode = 'open';
  private commitFault: CommitFault | undefined;
  private spoiler: string | undefined;

  private constructor(
    private readonly server: URL,
    private readonly sessionStatement: string | undefined,
  ) {
    this.socketPath = join(this.folder, 'db.sock');
    this.listener = this.createListener();
  }

  static async open({ server = testServerUrl(), sessionStatement }: MysqlProxyOptions = {}): Promise<MysqlProxy> {
    const proxy = new MysqlProxy(server, sessionStatement);
    await new Promise<void>((resolve) => proxy.listener.listen(proxy.socketPath, resolve));
    return proxy;
  }

  /** A URL of the schema through the proxy, with the user of the server's URL. */
  url(schema: string): string {
    const url = new URL(this.server);
    url.pathname = `/${schema}`;
    url.searchParams.set('socketPath', this.socketPath);
    return url.href;
  }

  /** How many connections clients have at the moment. */
  get connections(): number {
    return this.open.size;
  }

  set(mode: ProxyMode): void {
    this.mode = mode;
    for (const connection of this.open) {
      connection.follow(mode);
    }
  }

  /**
   * Runs a statement after each SET of the client, as if the server did not keep what was set;
   * undefined: none.
   */
  spoilSessions(statement: string | undefined): void {
    this.spoiler = statement;
  }

  /** Decides about the next COMMIT that passes, once. */
  onNextCommit(fault: CommitFault): void {
    this.commitFault = fault;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.listener.close(resolve));
    for (const connection of this.open) {
      connection.cut();
    }
    await closed;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private createListener(): Server {
    const rules = this.rules();
    return createServer((client) => {
      if (this.mode === 'closed') {
        client.destroy();
        return;
      }
      const server = this.mode === 'severed' ? null : connect(addressOf(this.server));
      const connection = new ProxiedConnection(client, server, rules);
      connection.follow(this.mode);
      this.open.add(connection);
      // The server still has the connection of a client that vanished.
      client.once('close', () => connection.isLost || this.open.delete(connection));
    });
  }

  private rules(): ProxyRules {
    return {
      sessionStatement: this.sessionStatement,
      spoiler: () => this.spoiler,
      delayMs: () => this.delayMs,
      takeCommitFault: () => {
        const fault = this.commitFault;
        this.commitFault = undefined;
        return fault;
      },
      actionFor: (statements) => this.rule(statements),
      onAnswer: (sql) => {
        this.onAnswer(sql);
      },
    };
  }
}

function addressOf(server: URL): NetConnectOpts {
  const options = connectionOptions(server);
  return 'socketPath' in options ? { path: options.socketPath } : { host: options.host, port: options.port };
}
