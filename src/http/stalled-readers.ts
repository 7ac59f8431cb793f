import type { Socket } from 'node:net';

/** How many bytes a socket had not sent yet, and since when that number has not fallen. */
interface Waiting {
  bytes: number;
  sinceMs: number;
}

/**
 * Ends connections whose peer does not read: bytes of an answer wait, and for a while none of them
 * could be sent. A peer that reads slowly is not ended. One look at all sockets once a second,
 * rather than a timer for each answer.
 */
export class StalledReaders {
  private readonly waiting = new Map<Socket, Waiting>();

  constructor(
    private readonly sockets: ReadonlySet<Socket>,
    private readonly timeoutMs: number,
  ) {}

  /** Looks at every socket; returns how many were ended. */
  sweep(nowMs: number): number {
    let ended = 0;
    for (const socket of this.waiting.keys()) {
      if (!this.sockets.has(socket)) {
        this.waiting.delete(socket);
      }
    }
    for (const socket of this.sockets) {
      if (socket.writableLength === 0) {
        this.waiting.delete(socket);
      } else if (this.isStalled(socket, nowMs)) {
        this.waiting.delete(socket);
        socket.destroy();
        ended++;
      }
    }
    return ended;
  }

  private isStalled(socket: Socket, nowMs: number): boolean {
    const bytes = socket.writableLength + unsentBytes(socket);
    const before = this.waiting.get(socket);
    if (before === undefined || bytes < before.bytes) {
      this.waiting.set(socket, { bytes, sinceMs: nowMs });
      return false;
    }
    before.bytes = bytes;
    return nowMs - before.sinceMs >= this.timeoutMs;
  }
}

/**
 * What libuv has of the write that is under way. `writableLength` falls only when a whole write, a
 * megabyte perhaps, is done; Node's own timeouts look at this, too. Without it, a slow reader would
 * need to take a whole write within the time.
 */
function unsentBytes(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly writeQueueSize?: number } | null };
  return handle?.writeQueueSize ?? 0;
}
