import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectionOptions, testServerUrl } from './schema.js';

/**
 * What becomes of the next COMMIT:
 * - `lost before`: the connection breaks, the server never sees it;
 * - `lost after`: the server has committed, and the connection breaks before the client hears of it;
 * - `unanswered`: the server has committed, and the client hears nothing;
 * - `conflict`: the server rolls back and the client is told of a deadlock, as by Galera when the certification fails.
 */
export type CommitFate = 'lost before' | 'lost after' | 'unanswered' | 'conflict';

/** Whether the database can be reached at all; `mute` takes everything and answers nothing. */
export type ProxyMode = 'open' | 'closed' | 'mute';

/** A way to the test server that can break at a chosen moment. */
export interface DatabaseProxy {
  /** A URL of the schema through the proxy. */
  url(schema: string): string;
  set(mode: ProxyMode): void;
  /** A statement that is run after each SET of the client, as if the server did not keep what was set; undefined: none. */
  spoilSessions(statement: string | undefined): void;
  /** Decides over the next COMMIT that comes by, once. */
  onNextCommit(fate: CommitFate): void;
  close(): Promise<void>;
}

/** @param sessionStatement is run on each new connection before the client hears of it, as if the server were configured so */
export async function openProxy(sessionStatement?: string): Promise<DatabaseProxy> {
  const server = testServerUrl();
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-proxy-'));
  const path = join(folder, 'db.sock');
  const links = new Set<Link>();
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
    const link = new Link(client, connect(addressOf(server)), sessionStatement, takeFate, () => spoiler);
    link.muted = mode === 'mute';
    links.add(link);
    client.once('close', () => links.delete(link));
  });
  await new Promise<void>((resolve) => listener.listen(path, resolve));
  return {
    url: (schema) => {
      const url = new URL(server);
      url.pathname = `/${schema}`;
      url.searchParams.set('socketPath', path);
      return url.href;
    },
    set: (next) => {
      mode = next;
      for (const link of links) {
        link.muted = next === 'mute';
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
}

const OK = 0x00;
const COM_QUERY = 0x03;
const PROTOCOL_VERSION = 10;
/** MySQL's alone: once both sides have agreed to it, attributes stand before the SQL of each query. */
const QUERY_ATTRIBUTES = 1 << 27;
const DEADLOCK = 1213;

/** One connection of a client, and the one to the server that stands for it. */
class Link {
  muted = false;
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
    private readonly takeFate: () => CommitFate | undefined,
    private readonly spoiler: () => string | undefined,
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
        this.cut();
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
    const spoiler = sql?.startsWith('SET ') === true ? this.spoiler() : undefined;
    if (spoiler !== undefined) {
      this.spoil(spoiler);
    }
    const fate = sql === 'COMMIT' ? this.takeFate() : undefined;
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

/** Cuts a stream into the packets of MySQL's protocol: three bytes of length, one of sequence, the payload. */
class PacketReader {
  private rest = Buffer.alloc(0);

  read(chunk: Buffer): Buffer[] {
    this.rest = Buffer.concat([this.rest, chunk]);
    const packets: Buffer[] = [];
    while (this.rest.length >= 4 && this.rest.length >= 4 + this.rest.readUIntLE(0, 3)) {
      const length = 4 + this.rest.readUIntLE(0, 3);
      packets.push(this.rest.subarray(0, length));
      this.rest = this.rest.subarray(length);
    }
    return packets;
  }
}

/** Takes the offer out of a server's greeting, so that a query packet is its SQL, whatever the server. */
function withholdQueryAttributes(greeting: Buffer): void {
  if (greeting[4] !== PROTOCOL_VERSION) {
    return;
  }
  // After the version: the connection's number (4), a nonce (8), zero, low capabilities (2), charset (1), status (2).
  const highCapabilities = greeting.indexOf(0, 5) + 1 + 4 + 8 + 1 + 2 + 1 + 2;
  const offered = greeting.readUInt16LE(highCapabilities);
  greeting.writeUInt16LE(offered & ~(QUERY_ATTRIBUTES >>> 16), highCapabilities);
}

/** Takes them out of the client's answer too: mysql2 asks for them whatever it was offered. */
function declineQueryAttributes(answer: Buffer): void {
  answer.writeUInt32LE((answer.readUInt32LE(4) & ~QUERY_ATTRIBUTES) >>> 0, 4);
}

function sqlOf(packet: Buffer): string | null {
  return packet[3] === 0 && packet[4] === COM_QUERY ? packet.subarray(5).toString() : null;
}

function queryPacket(sql: string): Buffer {
  return withHeader(0, Buffer.concat([Buffer.from([COM_QUERY]), Buffer.from(sql)]));
}

function deadlockPacket(): Buffer {
  const code = Buffer.alloc(3, 0xff);
  code.writeUInt16LE(DEADLOCK, 1);
  return withHeader(1, Buffer.concat([code, Buffer.from('#40001Deadlock found when trying to get lock')]));
}

function withHeader(sequence: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUIntLE(payload.length, 0, 3);
  header[3] = sequence;
  return Buffer.concat([header, payload]);
}

function addressOf(server: URL): { path: string } | { host: string; port: number } {
  const options = connectionOptions(server);
  return 'socketPath' in options ? { path: options.socketPath } : { host: options.host, port: options.port };
}
