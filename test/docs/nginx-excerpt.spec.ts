import { readFileSync } from 'node:fs';
import { type Fixture, startFixture } from '../support/fixtures.js';
import { type RawAnswer, RawClient } from '../support/raw-client.js';
import { endProcesses } from '../support/running-process.js';
import { startApplication, valuesLike, type Application, type SeenRequest } from '../gateways/application.js';
import { describeBehindNginx, endGateways, startServer, type Gateway } from '../gateways/nginx.js';

const [, EXCERPT = ''] = /```nginx\n([\s\S]*?)```/.exec(readFileSync('README.md', 'utf8')) ?? [];

describeBehindNginx('an application behind nginx, run with the excerpt in the README', () => {
  let fixture: Fixture;
  let application: Application;
  let gateway: Gateway;
  let secret: string;

  beforeAll(async () => {
    // The settings from the comments in the excerpt.
    fixture = await startFixture({
      env: {
        FORWARD_AUTH_ADDRESS_HEADER: 'X-Real-IP',
        FORWARD_AUTH_TRUSTED_PEERS: '127.0.0.1',
      },
    });
    ({ secret } = await fixture.createKey({ scopes: ['products.read'], ip_allow_list: ['127.0.0.1'] }));
    application = await startApplication();
    gateway = await startServer(
      EXCERPT.replaceAll('http://127.0.0.1:8000', application.url).replaceAll(
        'http://127.0.0.1:3001',
        fixture.app.internalUrl,
      ),
    );
  });
  afterAll(async () => {
    await endGateways();
    await application.close();
    await fixture.app.close();
    await endProcesses();
  });
  beforeEach(() => {
    application.seen.length = 0;
  });

  const ask = async (line: string, headers: readonly string[] = [], key = secret): Promise<RawAnswer | undefined> => {
    const raw = await RawClient.connect(gateway.port);
    const lines = [line, 'Host: api.example.com', `Authorization: Bearer ${key}`, ...headers, 'Connection: close'];
    raw.send([...lines, '', ''].join('\r\n'));
    return (await raw.answersUntilClose())[0];
  };
  const theOne = (): SeenRequest => {
    expect(application.seen).toHaveLength(1);
    return application.seen[0] ?? { method: '', target: '', headers: [], body: '' };
  };

  it('receives whose the key is, and never the secret', async () => {
    expect((await ask('GET /products/7?page=2 HTTP/1.1'))?.status).toBe(200);
    const request = theOne();
    expect([request.method, request.target]).toEqual(['GET', '/products/7?page=2']);
    expect(valuesLike(request, 'X-Organization-Id')).toEqual([fixture.organizationId]);
    expect(valuesLike(request, 'Authorization')).toEqual([]);
    expect(JSON.stringify(request)).not.toContain(secret);
  });

  it("never takes the client's word for its address or its key", async () => {
    const names = ['X-Organization-Id', 'X-Real-IP', 'X-Forwarded-For', 'Forwarded', 'x_organization_id'];
    const claims = names.map((name) => `${name}: forged`);
    expect((await ask('GET /products/7 HTTP/1.1', claims))?.status).toBe(200);
    expect(JSON.stringify(theOne())).not.toContain('forged');
    expect(valuesLike(theOne(), 'X-Real-IP')).toEqual(['127.0.0.1']);
  });

  it('does not see a request without a good key, or with one that may only do something else', async () => {
    const { secret: other } = await fixture.createKey({ scopes: ['products.create'] });
    const elsewhere = await fixture.createKey({ scopes: ['products.read'], ip_allow_list: ['127.0.0.2'] });
    expect((await ask('GET /products/7 HTTP/1.1', [], 'none'))?.status).toBe(401);
    expect((await ask('GET /products/7 HTTP/1.1', [], other))?.status).toBe(403);
    expect((await ask('GET /products/7 HTTP/1.1', ['X-Real-IP: 127.0.0.2'], elsewhere.secret))?.status).toBe(403);
    expect((await ask('DELETE /products/7 HTTP/1.1'))?.status).toBe(403);
    expect(application.seen).toEqual([]);
  });

  it.each([
    '/products/..;/admin',
    '/products/%2e%2e/products/7',
    '/products/..%2fproducts/7',
    '/products/..%5Cadmin',
    '/products/..\\x',
  ])('does not see a path that it may read in another way than nginx: %s', async (path) => {
    expect((await ask(`GET ${path} HTTP/1.1`))?.status).toBe(400);
    expect(application.seen).toEqual([]);
  });

  it('gets the path that was verified', async () => {
    expect((await ask('GET /products/x/..//./7 HTTP/1.1'))?.status).toBe(200);
    expect(theOne().target).toBe('/products/7');
    expect((await ask('GET /products/../admin HTTP/1.1'))?.status).toBe(404);
  });
});
