import type { Socket } from 'node:net';
import {
  declineQueryAttributes,
  deadlockPacket,
  PacketReader,
  queryPacket,
  sqlOf,
  withholdQueryAttributes,
} from './mysql-packets.js';
import type { CommitFault, ProxyMode, ProxyRules, StatementAction } from './mysql-proxy-rules.js';

const OK = 0x00;

/** One connection of a client to the proxy, and the proxy's own one to the server. */
export class ProxiedConnection {
  /** The client has vanished. Neither side is told of the other's end any more. */
  isLost = false;
  private isMuted = false;
  private isSevered = false;
  private transaction: string[] = [];
  private readonly fromClient = new PacketReader();
  private readonly fromServer = new PacketReader();
  /** Whether the client has answered the server's greeting. */
  private isGreeted = false;
  /** The statement whose response has not begun. */
  private unanswered: string | undefined;
  /** Settles when the held responses may pass; undefined: none was ever held. */
  private held: Promise<unknown> | undefined;
  /** What happens to the next packet of the server instead of passing it on. */
  private intercept: ((packet: Buffer) => void) | undefined;

  /** @param server null: the client is accepted, and nothing is behind it */
  constructor(
    private readonly client: Socket,
    private readonly server: Socket | null,
    private readonly rules: ProxyRules,
  ) {
    const { sessionStatement } = rules;
    if (sessionStatement !== undefined) {
      this.intercept = (packet) => {
        this.runAfterLogin(packet, sessionStatement);
      };
    }
    client.on('error', () => undefined);
    client.on('close', () => {
      if (!this.isLost) {
        this.cut();
      }
    });
    client.on('data', (chunk) => {
      for (const packet of this.fromClient.read(chunk)) {
        this.onClientPacket(packet);
      }
    });
    if (server !== null) {
      this.readServer(server);
    }
  }

  follow(mode: ProxyMode): void {
    this.isSevered ||= mode === 'severed';
    this.isMuted = mode === 'mute' || (this.isLost && this.isMuted);
    if (mode === 'closed') {
      this.cut();
    }
  }

  cut(): void {
    this.client.destroy();
    this.server?.destroy();
  }

  private get isSilent(): boolean {
    return this.isMuted || this.isSevered;
  }

  private readServer(server: Socket): void {
    server.on('error', () => undefined);
    server.on('data', (chunk) => {
      for (const packet of this.fromServer.read(chunk)) {
        this.onServerPacket(packet);
      }
    });
    server.on('close', () => {
      if (!this.isLost) {
        this.afterDelay(() => {
          if (!this.isSevered) {
            this.cut();
          }
        });
      }
    });
  }

  private onClientPacket(packet: Buffer): void {
    if (!this.isGreeted) {
      this.isGreeted = true;
      declineQueryAttributes(packet);
    }
    if (this.isSilent) {
      return;
    }
    const sql = sqlOf(packet);
    if (sql === null) {
      this.server?.write(packet);
      return;
    }
    const spoiler = sql.startsWith('SET ') ? this.rules.spoiler() : undefined;
    if (spoiler !== undefined) {
      this.spoil(spoiler);
    }
    this.unanswered = sql;
    this.treat(packet, sql, this.actionFor(sql));
  }

  private actionFor(sql: string): StatementAction {
    const continues = this.transaction.length > 0 && sql !== 'START TRANSACTION';
    const statements = continues ? [...this.transaction, sql] : [sql];
    const isOpen = continues || sql === 'START TRANSACTION';
    this.transaction = isOpen && sql !== 'COMMIT' && sql !== 'ROLLBACK' ? statements : [];
    return this.rules.actionFor(statements);
  }

  private treat(packet: Buffer, sql: string, action: StatementAction): void {
    if (typeof action === 'object') {
      // Not by instanceof: in Jest, promises of Node's own modules have another constructor.
      if ('answerAfter' in action) {
        const { answerAfter } = action;
        this.held = (this.held ?? Promise.resolve()).then(() => answerAfter);
        this.server?.write(packet);
      } else {
        this.isLost = true;
        this.hold(packet, action);
      }
    } else if (action === 'lost' || action === 'half sent') {
      this.isLost = true;
      this.isMuted = true;
      this.server?.write(packet.subarray(0, action === 'lost' ? 0 : packet.length / 2));
    } else if (action === 'passes') {
      this.pass(packet, sql === 'COMMIT' ? this.rules.takeCommitFault() : undefined);
    } else if (action !== 'swallowed') {
      this.pass(packet, action);
    }
  }

  private hold(packet: Buffer, released: Promise<string | undefined>): void {
    void released.then((before) => {
      if (before === undefined) {
        this.server?.write(packet);
        return;
      }
      this.intercept = () => {
        this.intercept = undefined;
        this.server?.write(packet);
      };
      this.server?.write(queryPacket(before));
    });
  }

  private pass(packet: Buffer, fault: CommitFault | undefined): void {
    switch (fault) {
      case undefined:
        this.server?.write(packet);
        return;
      case 'lost before':
        this.cut();
        return;
      case 'lost after':
        this.intercept = () => {
          this.cut();
        };
        this.server?.write(packet);
        return;
      case 'unanswered':
        this.intercept = () => {
          this.isMuted = true;
        };
        this.server?.write(packet);
        return;
      case 'conflict':
        this.intercept = () => {
          this.intercept = undefined;
          this.toClient(deadlockPacket());
        };
        this.server?.write(queryPacket('ROLLBACK'));
        return;
    }
  }

  private onServerPacket(packet: Buffer): void {
    if (!this.isGreeted) {
      withholdQueryAttributes(packet);
    }
    if (this.intercept !== undefined) {
      this.intercept(packet);
    } else {
      this.toClient(packet);
    }
  }

  private toClient(packet: Buffer): void {
    const answered = this.unanswered;
    this.unanswered = undefined;
    const deliver = () => {
      if (this.isSilent || this.client.destroyed) {
        return;
      }
      if (answered !== undefined) {
        this.rules.onAnswer(answered);
      }
      this.client.write(packet);
    };
    if (this.held === undefined) {
      this.afterDelay(deliver);
    } else {
      this.held = this.held.then(deliver);
    }
  }

  private afterDelay(act: () => void): void {
    const delayMs = this.rules.delayMs();
    if (delayMs === 0) {
      act();
    } else {
      setTimeout(act, delayMs);
    }
  }

  /** Runs a statement between the client's own and its response. */
  private spoil(statement: string): void {
    this.intercept = (answer) => {
      this.intercept = () => {
        this.intercept = undefined;
        this.toClient(answer);
      };
      this.server?.write(queryPacket(statement));
    };
  }

  /** The server's first OK ends the login: it waits until the statement has been run. */
  private runAfterLogin(packet: Buffer, statement: string): void {
    if (packet[4] !== OK) {
      this.toClient(packet);
      return;
    }
    this.intercept = () => {
      this.intercept = undefined;
      this.toClient(packet);
    };
    this.server?.write(queryPacket(statement));
  }
}
