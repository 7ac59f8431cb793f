import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { join } from 'node:path';

/**
 * What stands between the product and its database:
 * - `open`: all passes;
 * - `closed`: connections are cut, and new ones refused as soon as they are made;
 * - `mute`: connections are taken, and nothing ever comes back, not even the news of their end.
 */
export type Passage = 'open' | 'closed' | 'mute';

/** A way to a database server that can become slow, fall silent or break. It knows nothing of what passes. */
export interface FaultProxy {
  readonly socketPath: string;
  /** Links that fell silent stay so: to those who hold them, a path that came back is a new path. */
  set(passage: Passage): void;
  /** Holds back everything that the server says, in milliseconds. */
  delayMs: number;
  /** How many connections the product has now. */
  readonly links: number;
  close(): Promise<void>;
}

export async function openFaultProxy(server: NetConnectOpts): Promise<FaultProxy> {
  const folder = mkdtempSync('/tmp/latchkey-proxy-');
  const socketPath = join(folder, 'db.sock');
  const links = new Set<Link>();
  let passage: Passage = 'open';
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    if (passage === 'closed') {
      client.destroy();
      return;
    }
    const link = new Link(client, passage === 'mute' ? null : connect(server), () => proxy.delayMs);
    links.add(link);
    client.once('close', () => links.delete(link));
  });
  await new Promise<void>((resolve) => listener.listen(socketPath, resolve));
  const proxy = {
    socketPath,
    delayMs: 0,
    get links() {
      return links.size;
    },
    set: (next: Passage) => {
      passage = next;
      for (const link of links) {
        if (next === 'mute') {
          link.mute();
        } else if (next === 'closed') {
          link.cut();
        }
      }
    },
    close: async () => {
      const closed = new Promise((resolve) => listener.close(resolve));
      for (const link of links) {
        link.cut();
      }
      await closed;
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return proxy;
}

/** One connection of the product, and the one to the server that stands for it. */
class Link {
  private isMute = false;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket | null,
    delayMs: () => number,
  ) {
    client.on('error', () => undefined);
    if (server === null) {
      this.mute();
      client.resume().on('end', () => {
        this.cut();
      });
      return;
    }
    server.on('error', () => undefined);
    client.on('data', (chunk) => this.isMute || server.write(chunk));
    client.on('close', () => server.destroy());
    client.on('end', () => {
      if (this.isMute) {
        this.cut();
      } else {
        server.end();
      }
    });
    server.on('data', (chunk) => {
      this.later(delayMs(), () => client.write(chunk));
    });
    server.on('end', () => {
      this.later(delayMs(), () => client.end());
    });
    server.on('close', () => {
      this.later(delayMs(), () => client.destroy());
    });
  }

  mute(): void {
    this.isMute = true;
  }

  cut(): void {
    this.client.destroy();
    this.server?.destroy();
  }

  private later(delayMs: number, act: () => unknown): void {
    const actUnlessMute = () => {
      if (!this.isMute && !this.client.destroyed) {
        act();
      }
    };
    if (delayMs === 0) {
      actUnlessMute();
    } else {
      setTimeout(actUnlessMute, delayMs);
    }
  }
}
