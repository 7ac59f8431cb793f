import type { Socket } from 'node:net';

/** The unsent bytes of a socket, and since when that number has not decreased. */
interface Waiting {
  bytes: number;
  sinceMs: number;
}

/**
 * Closes connections whose peer does not read: bytes of a response are pending, and none could be
 * sent for `timeoutMs`. A peer that reads slowly keeps its connection. All sockets are checked once
 * a second, which is cheaper than a timer per response.
 */
export class StalledReaders {
  private readonly waiting = new Map<Socket, Waiting>();

  constructor(
    private readonly sockets: ReadonlySet<Socket>,
    private readonly timeoutMs: number,
  ) {}

  /** Checks every socket; returns how many were closed. */
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
 * The bytes of the current write that libuv has not sent. `writableLength` decreases only when a
 * whole write, perhaps a megabyte, is done, so that a slow reader would have to take all of it
 * within the timeout. Node's own timeouts read this field, too.
 */
function unsentBytes(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly writeQueueSize?: number } | null };
  return handle?.writeQueueSize ?? 0;
}
