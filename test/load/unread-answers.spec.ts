import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { KEYS, type MadeKey } from '../support/api-client.js';
import { exchange } from '../support/load-client.js';
import { endProcesses } from '../support/running-process.js';
import { TestProcess } from '../support/test-process.js';
import { greatestFields, insertOrganization, insertVerifiableKeys } from '../support/bulk-keys.js';
import { eventually } from '../support/eventually.js';
import { measured } from '../support/reports.js';
import { createSchema, type TestSchema } from '../support/schema.js';
import { median, readMetric, residentBytes, verifyWhile } from './verify-load.js';

const LIST = `${KEYS}?limit=1000`;
/** With V8's default growth of the heap it is 175 to 200 MB. */
const MAX_GROWTH = 150_000_000;
const MAX_P50_MS = 20;

describe('answers of the greatest size that many clients of one key ask for', () => {
  let schema: TestSchema;
  let service: TestProcess;
  let reader: MadeKey;
  let verified: MadeKey;

  beforeAll(async () => {
    schema = await createSchema();
    service = await TestProcess.start({ program: 'start', database: schema.url });
    const { connection } = schema;
    const organization = await insertOrganization(connection);
    await insertVerifiableKeys(connection, organization, 1_000, greatestFields);
    [reader] = (await insertVerifiableKeys(connection, organization, 1)) as [MadeKey];
    [verified] = (await insertVerifiableKeys(connection, await insertOrganization(connection), 1)) as [MadeKey];
    // Read, they leave garbage, too: what is measured is what those add that are not read.
    for (let i = 0; i < 100; i++) {
      await service.send('GET', LIST, reader);
    }
    await exchange(new Agent(), 'POST', `${service.internalUrl}/verify`, { body: { secret: verified.secret } });
  }, 120_000);

  const sockets: Socket[] = [];

  afterEach(() => {
    sockets.splice(0).forEach((socket) => socket.destroy());
  });

  afterAll(async () => {
    await endProcesses();
    await schema.drop();
  });

  /** Requests the list on one connection again and again for ten seconds, and never reads. */
  function askAndNotRead(intervalMs: number): Socket {
    const { port, hostname } = new URL(service.url);
    const request = `GET ${LIST} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${reader.secret}\r\n\r\n`;
    const socket = connect({ port: Number(port), host: hostname });
    socket.pause();
    socket.on('error', () => undefined);
    socket.write(request);
    // Again and again: the kernel takes several megabytes of a connection before anything waits in
    // the process.
    const asking = setInterval(() => socket.write(request), intervalMs);
    socket.once('close', () => {
      clearInterval(asking);
    });
    setTimeout(() => {
      clearInterval(asking);
    }, 10_000).unref();
    return socket;
  }

  it('take a bounded amount of memory when they are not read, delay no verification, and their connections are ended', async () => {
    const before = await residentBytes(service.internalUrl);
    sockets.push(...Array.from({ length: 150 }, () => askAndNotRead(1_000)));
    let most = before;
    const times = await verifyWhile(service.internalUrl, verified.secret, async () => {
      for (let i = 0; i < 20; i++) {
        await sleep(500);
        most = Math.max(most, await residentBytes(service.internalUrl));
      }
    });
    measured('resident memory grew by', (most - before) / 1e6, 'MB');
    expect(median(times)).toBeLessThan(MAX_P50_MS);
    expect(most - before).toBeLessThan(MAX_GROWTH);
    // One client alone gets so many responses that they queue in the process.
    sockets.splice(0).forEach((socket) => socket.destroy());
    sockets.push(askAndNotRead(200));
    await eventually(
      'it is ended',
      async () => (await readMetric(service.internalUrl, 'latchkey_connections_ended_total')) > 0,
      40_000,
    );
    await eventually(
      'a client that reads is served again',
      async () => (await service.send('GET', LIST, reader)).status === 200,
      20_000,
    );
  }, 120_000);

  /**
   * Reads lists one after the other, each on a connection of its own, and keeps only statuses and
   * sizes.
   */
  async function readAgainAndAgain(untilMs: number, seen: { status: string; bytes: number }[]): Promise<void> {
    const { port, hostname } = new URL(service.url);
    while (performance.now() < untilMs) {
      const socket = connect({ port: Number(port), host: hostname });
      socket.write(
        `GET ${LIST} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${reader.secret}\r\n\r\n`,
      );
      const answer = { status: '', bytes: 0 };
      socket.on('data', (chunk: Buffer) => {
        answer.status ||= chunk.toString('latin1', 9, 12);
        answer.bytes += chunk.length;
      });
      await once(socket, 'close');
      seen.push(answer);
      // As long as Retry-After asks for.
      await sleep(answer.status === '429' ? 1_000 : 0);
    }
  }

  it('delay no verification when twenty clients read them one after the other', async () => {
    const seen: { status: string; bytes: number }[] = [];
    const untilMs = performance.now() + 8_000;
    const times = await verifyWhile(service.internalUrl, verified.secret, () =>
      Promise.all(Array.from({ length: 20 }, () => readAgainAndAgain(untilMs, seen))),
    );
    const pages = seen.filter(({ status }) => status === '200');
    expect(pages.length).toBeGreaterThan(20);
    expect(seen.filter(({ status }) => status !== '200' && status !== '429')).toEqual([]);
    expect(Math.max(...pages.map(({ bytes }) => bytes))).toBeLessThan(1_010_000);
    expect(median(times)).toBeLessThan(MAX_P50_MS);
  }, 120_000);
});
