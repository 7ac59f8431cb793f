import { connect } from 'node:net';
import { KEYS } from '../support/api-client.js';
import { type Fixture, startFixture } from '../support/fixtures.js';

const REQUESTS = 100;

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture.app.close());

// A key that may create nothing stronger than itself requests more than it has, over one
// connection. Each rejection used to cost a bcrypt hash in the queue that all share, even after the
// client had hung up.
test("refused creates of one weak key do not hold up another organization's create", async () => {
  const weak = await fixture.createKey({ scopes: ['api_keys.create'] });
  const victim = fixture.clientOf(await fixture.createForeignKey());
  const body = JSON.stringify({ label: 'x', scopes: ['invoices.read'] });
  const request = [
    `POST ${KEYS} HTTP/1.1`,
    'Host: x',
    `Authorization: Bearer ${weak.secret}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
  const socket = connect(Number(new URL(fixture.app.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(request.repeat(REQUESTS));
  await new Promise((resolve) => socket.once('data', resolve));
  socket.destroy();
  const begun = performance.now();
  const created = await victim.create({ label: 'victim', scopes: ['invoices.read'] });
  const seconds = (performance.now() - begun) / 1_000;
  expect({ status: created.status, soon: seconds < 1.5 }).toEqual({ status: 200, soon: true });
});
