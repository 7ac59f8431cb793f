import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PipelinedConnection } from './pipelining.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('a connection', () => {
  const ends: (() => void)[] = [];
  afterEach(() => {
    ends.splice(0).forEach((end) => {
      end();
    });
  });

  /** A client's socket to a server of ours, and what the server was asked over it. */
  async function open(
    answer: (request: IncomingMessage, response: ServerResponse, connection: PipelinedConnection) => void,
  ) {
    const server = createServer((request, response) => {
      const connection = PipelinedConnection.of(request.socket);
      const serve = () => {
        answer(request, response, connection);
      };
      connection.receive({ request, response, serve, fail: () => undefined, settled: () => undefined });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(client, 'connect');
    ends.push(() => client.destroy());
    ends.push(() => server.close());
    return client;
  }

  async function ask(client: Socket, request: string): Promise<string> {
    client.write(request);
    const [answer] = (await once(client, 'data')) as [Buffer];
    return answer.toString('latin1');
  }

  it('that stays open keeps nothing of what has been answered', async () => {
    const asked: WeakRef<IncomingMessage>[] = [];
    const client = await open((request, response) => {
      asked.push(new WeakRef(request));
      response.end('here');
    });
    expect(await ask(client, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toContain('here');
    for (let round = 0; round < 50 && asked[0]?.deref() !== undefined; round++) {
      await sleep(10);
      collectGarbage();
    }
    expect(client.closed).toBe(false);
    expect(asked.map((one) => one.deref())).toEqual([undefined]);
  });

  it('still knows of a request that has been answered while its body arrives', async () => {
    const connections: PipelinedConnection[] = [];
    const client = await open((_request, response, connection) => {
      connections.push(connection);
      response.end('too long');
    });
    expect(await ask(client, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345')).toContain('too long');
    await sleep(10);
    expect(connections[0]?.findArriving()?.request.method).toBe('POST');
    client.write('67890');
    while (connections[0]?.findArriving() !== undefined) {
      await sleep(10);
    }
  });
});
