import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller } from '../../src/common/access/caller.js';
import { newId } from '../../src/common/prefixed-id.js';
import { DEFAULT_LIMITS, HttpServer, type ListenerLimits } from '../../src/http/server/http-server.js';
import { ListAdmission } from '../../src/admission/list-admission.js';
import type { AdmissionOutcome } from '../../src/common/admission/admission-limits.js';
import { eventually } from '../support/eventually.js';

/** More than the buffers of two sockets hold. */
const LARGE = Buffer.alloc(24_000_000, 'x');
const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

/** A listener that responds to every request with the same body. */
class Served {
  readonly ended = { refused: 0, stalled: 0 };
  readonly responses: ServerResponse[] = [];
  private readonly listener: HttpServer;
  private readonly clients: Socket[] = [];

  constructor(limits: Partial<ListenerLimits>, body: Buffer) {
    const serve = (_: unknown, response: ServerResponse) => {
      this.responses.push(response);
      response.end(body);
    };
    this.listener = new HttpServer(serve, { env: 'development', limits: { ...DEFAULT_LIMITS, ...limits } });
    this.listener.whenRefused = () => this.ended.refused++;
    this.listener.whenStalled = () => this.ended.stalled++;
  }

  async open(): Promise<this> {
    this.listener.server.listen(0, '127.0.0.1');
    await once(this.listener.server, 'listening');
    return this;
  }

  /** A client that does not read. */
  async connect(): Promise<Socket> {
    const { port } = this.listener.server.address() as AddressInfo;
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    socket.pause();
    this.clients.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  async close(): Promise<void> {
    this.clients.forEach((client) => client.destroy());
    await this.listener.close();
  }
}

describe('a client that asked for an answer larger than its socket takes', () => {
  it('and reads none of it is cut off', async () => {
    const served = await new Served({ stallTimeoutMs: 300 }, LARGE).open();
    const client = await served.connect();
    client.write(REQUEST);
    await eventually('it is cut off', () => served.ended.stalled === 1);
    await eventually('its answer has ended', () => served.responses[0]?.closed === true);
    let bytes = 0;
    client.on('data', (chunk: Buffer) => (bytes += chunk.length)).resume();
    await once(client, 'close');
    expect(bytes).toBeLessThan(LARGE.length);
    await served.close();
  });

  it('and reads it slowly gets it whole', async () => {
    const served = await new Served({ stallTimeoutMs: 1_500 }, LARGE).open();
    const client = await served.connect();
    client.write(REQUEST);
    let bytes = 0;
    client.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    // Several times as long as a client may read nothing. Its pauses are a third of that.
    for (const until = performance.now() + 8_000; performance.now() < until && bytes < LARGE.length;) {
      client.resume();
      await sleep(2);
      client.pause();
      await sleep(500);
    }
    client.resume();
    await eventually('all has come', () => bytes > LARGE.length);
    expect(served.ended.stalled).toBe(0);
    await served.close();
  }, 30_000);

  it('and then another one is cut off once, and a client beside it is served all the while', async () => {
    const served = await new Served({ stallTimeoutMs: 300 }, LARGE).open();
    const [idle, still] = [await served.connect(), await served.connect()];
    still.write(REQUEST.repeat(3));
    await eventually('it is cut off', () => served.ended.stalled === 1);
    await sleep(700);
    expect(served.ended).toEqual({ refused: 0, stalled: 1 });
    expect(idle.destroyed).toBe(false);
    idle.resume().write(REQUEST);
    await eventually('the other one is served', () => served.responses.some((response) => response.writableFinished));
    await served.close();
  });
});

describe('a listener with MAX_CONNECTIONS open', () => {
  it('refuses more, goes on serving those that are open, and accepts again when one of them ends', async () => {
    const served = await new Served({ maxConnections: 3 }, Buffer.from('x')).open();
    const clients = [await served.connect(), await served.connect(), await served.connect()];
    const refused = await served.connect();
    refused.resume();
    await once(refused, 'close');
    expect(served.ended.refused).toBe(1);
    for (const client of clients) {
      client.write(REQUEST);
    }
    await eventually('all three are served', () => served.responses.length === 3);
    clients[0]?.destroy();
    await eventually('another one is accepted', async () => {
      const next = await served.connect();
      next.write(REQUEST);
      await sleep(50);
      return served.responses.length === 4;
    });
    await served.close();
  });
});

describe('a listener whose connections are all idle', () => {
  it('ends them for clients that come', async () => {
    const served = await new Served({ maxConnections: 3 }, Buffer.from('x')).open();
    for (let i = 0; i < 3; i++) {
      const idle = await served.connect();
      idle.resume();
      idle.write(REQUEST);
    }
    await eventually('all three were served', () => served.responses.length === 3);
    await eventually('another one is served', async () => {
      const next = await served.connect();
      next.resume();
      next.write(REQUEST);
      await sleep(150);
      return served.responses.length === 4;
    });
    await served.close();
  });
});

describe('the lists that are under way for a key', () => {
  const key = (organizationId = newId('org_')): Caller =>
    ({ kind: 'key', keyId: newId('api_key_'), organizationId }) as unknown as Caller;

  /** Another response, which the client reads only on demand. */
  async function write(served: Served, isRead = false): Promise<ServerResponse> {
    const before = served.responses.length;
    const client = await served.connect();
    client.write(REQUEST);
    if (isRead) {
      client.resume();
    }
    await eventually('it is written', () => served.responses.length === before + 1);
    const [response] = served.responses.slice(before);
    if (response === undefined) {
      throw new Error('nothing was written');
    }
    return response;
  }

  it('are four at the most while none is read, eight for its organization; other keys are not concerned', async () => {
    const served = await new Served({}, LARGE).open();
    const lists = new ListAdmission();
    const organizationId = newId('org_');
    const [one, other, third] = [key(organizationId), key(organizationId), key(organizationId)];
    const spare = await write(served);
    const waiting: Promise<AdmissionOutcome>[] = [];
    for (const caller of [one, other]) {
      for (let i = 0; i < 4; i++) {
        expect(await lists.admit(caller, await write(served))).toBe('admitted');
      }
      waiting.push(lists.admit(caller, spare));
    }
    waiting.push(lists.admit(third, spare));
    expect(await lists.admit(key(), spare)).toBe('admitted');
    expect(lists.loadOf(organizationId)).toEqual({ running: 8, queued: 3 });
    // As soon as one of them is over, the next one has its turn.
    served.responses[1]?.destroy();
    expect(await waiting[0]).toBe('admitted');
    expect(lists.loadOf(organizationId)).toEqual({ running: 8, queued: 2 });
    await served.close();
    await Promise.all(waiting);
    await eventually('nothing is left', () => lists.running === 0);
  });

  it('are any number when they are read', async () => {
    const served = await new Served({}, Buffer.alloc(200_000)).open();
    const lists = new ListAdmission();
    const caller = key();
    for (let i = 0; i < 30; i++) {
      expect(await lists.admit(caller, await write(served, true))).toMatch(/admitted|aborted/);
      await eventually('it is read', () => lists.running === 0);
    }
    await served.close();
  });
});
