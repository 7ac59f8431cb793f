import type { Socket } from 'node:net';
import type { CommitFate, LinkDecisions, StatementFate } from './fault-plan.js';
import {
  declineQueryAttributes,
  deadlockPacket,
  PacketReader,
  queryPacket,
  sqlOf,
  withholdQueryAttributes,
} from './mysql-packets.js';

const OK = 0x00;

/** One connection of a client, and the one to the server that stands for it. */
export class DatabaseLink {
  muted = false;
  /** Neither side learns of the other's end any more. */
  isLost = false;
  private transaction: string[] = [];
  private readonly fromClient = new PacketReader();
  private readonly fromServer = new PacketReader();
  /** Whether the client has answered the server's greeting. */
  private answered = false;
  /** What to do with the next packet of the server instead of passing it on. */
  private intercept: ((packet: Buffer) => void) | undefined;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    sessionStatement: string | undefined,
    private readonly decisions: LinkDecisions,
  ) {
    if (sessionStatement !== undefined) {
      this.intercept = (packet) => {
        this.runAfterLogin(packet, sessionStatement);
      };
    }
    client.on('data', (chunk) => {
      for (const packet of this.fromClient.read(chunk)) {
        this.onClientPacket(packet);
      }
    });
    server.on('data', (chunk) => {
      for (const packet of this.fromServer.read(chunk)) {
        this.onServerPacket(packet);
      }
    });
    for (const socket of [client, server]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        if (!this.isLost) {
          this.cut();
        }
      });
    }
  }

  cut(): void {
    this.client.destroy();
    this.server.destroy();
  }

  private onClientPacket(packet: Buffer): void {
    if (!this.answered) {
      this.answered = true;
      declineQueryAttributes(packet);
    }
    if (this.muted) {
      return;
    }
    const sql = sqlOf(packet);
    const spoiler = sql?.startsWith('SET ') === true ? this.decisions.spoiler() : undefined;
    if (spoiler !== undefined) {
      this.spoil(spoiler);
    }
    const fate = sql === null ? 'passes' : this.fateOf(sql);
    if (typeof fate === 'object') {
      this.isLost = true;
      this.hold(packet, fate);
    } else if (fate === 'lost' || fate === 'half sent') {
      this.isLost = true;
      this.muted = true;
      this.server.write(packet.subarray(0, fate === 'lost' ? 0 : packet.length / 2));
    } else if (fate === 'passes') {
      this.pass(packet, sql === 'COMMIT' ? this.decisions.takeCommitFate() : undefined);
    } else {
      this.pass(packet, fate);
    }
  }

  private fateOf(sql: string): StatementFate {
    const continues = this.transaction.length > 0 && sql !== 'START TRANSACTION';
    const statements = continues ? [...this.transaction, sql] : [sql];
    const isOpen = continues || sql === 'START TRANSACTION';
    this.transaction = isOpen && sql !== 'COMMIT' && sql !== 'ROLLBACK' ? statements : [];
    return this.decisions.fateOf(statements);
  }

  private hold(packet: Buffer, released: Promise<string | undefined>): void {
    void released.then((before) => {
      if (before === undefined) {
        this.server.write(packet);
        return;
      }
      this.intercept = () => {
        this.intercept = undefined;
        this.server.write(packet);
      };
      this.server.write(queryPacket(before));
    });
  }

  private pass(packet: Buffer, fate: CommitFate | undefined): void {
    switch (fate) {
      case undefined:
        this.server.write(packet);
        return;
      case 'lost before':
        this.cut();
        return;
      case 'lost after':
        this.intercept = () => {
          this.cut();
        };
        this.server.write(packet);
        return;
      case 'unanswered':
        this.intercept = () => {
          this.muted = true;
        };
        this.server.write(packet);
        return;
      case 'conflict':
        this.intercept = () => {
          this.intercept = undefined;
          this.client.write(deadlockPacket());
        };
        this.server.write(queryPacket('ROLLBACK'));
        return;
    }
  }

  private onServerPacket(packet: Buffer): void {
    if (!this.answered) {
      withholdQueryAttributes(packet);
    }
    if (this.intercept !== undefined) {
      this.intercept(packet);
    } else if (!this.muted) {
      this.client.write(packet);
    }
  }

  /** Runs a statement between the client's own and its answer. */
  private spoil(statement: string): void {
    this.intercept = (answer) => {
      this.intercept = () => {
        this.intercept = undefined;
        this.client.write(answer);
      };
      this.server.write(queryPacket(statement));
    };
  }

  /** The server's first OK ends the login: it waits until the statement has been run. */
  private runAfterLogin(packet: Buffer, statement: string): void {
    if (packet[4] !== OK) {
      this.client.write(packet);
      return;
    }
    this.intercept = () => {
      this.intercept = undefined;
      this.client.write(packet);
    };
    this.server.write(queryPacket(statement));
  }
}
