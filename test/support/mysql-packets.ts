const COM_QUERY = 0x03;
const PROTOCOL_VERSION = 10;
/**
 * MySQL's alone: once both sides have agreed to it, attributes stand before the SQL of each query.
 */
const QUERY_ATTRIBUTES = 1 << 27;
const DEADLOCK = 1213;

/**
 * Cuts a stream into the packets of MySQL's protocol: three bytes of length, one of sequence, the
 * payload.
 */
export class PacketReader {
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

/**
 * Takes the offer out of a server's greeting, so that a query packet is its SQL, whatever the
 * server.
 */
export function withholdQueryAttributes(greeting: Buffer): void {
  if (greeting[4] !== PROTOCOL_VERSION) {
    return;
  }
  // After the version: the connection's number (4), a nonce (8), zero, low capabilities (2),
  // charset (1), status (2).
  const highCapabilities = greeting.indexOf(0, 5) + 1 + 4 + 8 + 1 + 2 + 1 + 2;
  const offered = greeting.readUInt16LE(highCapabilities);
  greeting.writeUInt16LE(offered & ~(QUERY_ATTRIBUTES >>> 16), highCapabilities);
}

/** Removes them from the client's reply as well: mysql2 requests them in any case. */
export function declineQueryAttributes(answer: Buffer): void {
  answer.writeUInt32LE((answer.readUInt32LE(4) & ~QUERY_ATTRIBUTES) >>> 0, 4);
}

export function sqlOf(packet: Buffer): string | null {
  return packet[3] === 0 && packet[4] === COM_QUERY ? packet.subarray(5).toString() : null;
}

export function queryPacket(sql: string): Buffer {
  return withHeader(0, Buffer.concat([Buffer.from([COM_QUERY]), Buffer.from(sql)]));
}

export function deadlockPacket(): Buffer {
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
