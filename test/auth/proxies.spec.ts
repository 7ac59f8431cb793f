import { request } from 'node:http';
import { type Answer, KEYS, send } from '../support/api-client.js';
import { type Fixture, startFixture } from '../support/fixtures.js';
import { listWithHeaders } from '../support/raw-client.js';
import { expectFailure, REALM } from '../support/expect-answer.js';

const CLIENT = '203.0.113.7';

/** Reads the calling key, which may be used from one address only. */
type Ask = (headers?: readonly string[], allowed?: readonly string[]) => Promise<Answer>;

function asking(fixtureOf: () => Fixture): Ask {
  const keys = new Map<string, string>();
  return async (headers = [], allowed = [CLIENT]) => {
    const fixture = fixtureOf();
    const name = allowed.join();
    const secret = keys.get(name) ?? (await fixture.createKey({ ip_allow_list: allowed })).secret;
    keys.set(name, secret);
    return listWithHeaders(fixture.app, [`Authorization: Bearer ${secret}`, ...headers]);
  };
}

const expectFromElsewhere = (answer: Answer) => {
  expectFailure(answer, 403, { error: /^This API key may not be used from your address/, challenge: REALM });
};

describe('the address of a caller, when no proxy is trusted (as in development)', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture();
  });
  afterAll(() => fixture.app.close());
  const ask = asking(() => fixture);

  it.each([
    ['X-Forwarded-For', CLIENT],
    ['X-Forwarded-For', `${CLIENT}, ${CLIENT}`],
    ['X-Real-IP', CLIENT],
    ['Forwarded', `for=${CLIENT}`],
    ['X-Client-IP', CLIENT],
    ['CF-Connecting-IP', CLIENT],
    ['True-Client-IP', CLIENT],
    ['X-Forwarded-Host', CLIENT],
  ])("is the peer's: no %s changes it", async (name, value) => {
    expectFromElsewhere(await ask([`${name}: ${value}`]));
    expect((await ask([`${name}: ${value}`], ['127.0.0.1'])).status).toBe(200);
  });
});

describe('the address of a caller behind a trusted proxy', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    // Both families, as a server on `::` has them: its IPv4 peers are named by mapped addresses.
    fixture = await startFixture({ env: { HOST: '::', TRUST_PROXY: '127.0.0.1, 10.0.0.0/8, 2001:db8::/32' } });
  });
  afterAll(() => fixture.app.close());
  const ask = asking(() => fixture);
  const hops = (count: number, hop: (place: number) => string) =>
    Array.from({ length: count }, (_, place) => hop(place));

  describe("is the chain's right-most hop that is not a trusted proxy", () => {
    it.each<[string, string[]]>([
      ['the only one', [`X-Forwarded-For: ${CLIENT}`]],
      ['behind other trusted proxies', [`X-Forwarded-For: ${CLIENT}, 10.1.2.3, 2001:db8::5, 10.0.0.1`]],
      ['behind trusted proxies in mapped spelling', [`X-Forwarded-For: ${CLIENT}, ::ffff:10.0.0.1`]],
      ['in mapped spelling itself', [`X-Forwarded-For: ::ffff:${CLIENT}`]],
      ['with white space around', [`X-Forwarded-For:   198.51.100.1 ,   ${CLIENT}   `]],
      ['without any', [`X-Forwarded-For: 198.51.100.1,${CLIENT},10.0.0.1`]],
      ['in the last of two headers', ['X-Forwarded-For: 198.51.100.1', `X-Forwarded-For: ${CLIENT}`]],
      [
        'in the first of two, the last being a trusted proxy',
        [`X-Forwarded-For: ${CLIENT}`, 'X-Forwarded-For: 10.0.0.9'],
      ],
      ['after 200 hops', [`X-Forwarded-For: ${hops(200, (place) => `198.51.100.${place}`).join(', ')}, ${CLIENT}`]],
      [
        'before 200 trusted hops',
        [`X-Forwarded-For: ${CLIENT}, ${hops(200, (place) => `10.0.0.${place}`).join(', ')}`],
      ],
      ['after garbage', [`X-Forwarded-For: unknown, <script>, 999.1.1.1, ${CLIENT}`]],
    ])('%s', async (_, headers) => {
      expect((await ask(headers)).status).toBe(200);
    });
  });

  describe('is not what a client writes to the left of it', () => {
    it.each<[string, string[]]>([
      ['the left-most', [`X-Forwarded-For: ${CLIENT}, 198.51.100.1`]],
      ['many times', [`X-Forwarded-For: ${`${CLIENT}, `.repeat(199)}198.51.100.1`]],
      ['in a header of its own', [`X-Forwarded-For: ${CLIENT}`, 'X-Forwarded-For: 198.51.100.1']],
      ['between proxies', [`X-Forwarded-For: 10.0.0.1, ${CLIENT}, 198.51.100.1, 10.0.0.1`]],
      ['in another header', ['X-Forwarded-For: 198.51.100.1', `X-Real-IP: ${CLIENT}`, `Forwarded: for=${CLIENT}`]],
      ['as a host', [`X-Forwarded-Host: ${CLIENT}`, 'X-Forwarded-For: 198.51.100.1']],
    ])('%s', async (_, headers) => {
      expectFromElsewhere(await ask(headers));
      expect((await ask(headers, ['198.51.100.1'])).status).toBe(200);
    });
  });

  describe('has no address, so that no allow-list lets it in, when the hop is not an address', () => {
    it.each([
      'unknown',
      'localhost',
      '203.0.113.7:443:443',
      '203.0.113.7:65536',
      '[2001:db9::1',
      '[203.0.113.7]',
      '203.0.113',
      '0313.0.113.7',
      '203.0.113.7%eth0',
      '203.0.113.7 203.0.113.7',
      '"203.0.113.7"',
      '999.0.0.1',
      '_hidden',
      "' OR 1=1",
    ])('%s', async (hop) => {
      const everywhere = ['0.0.0.0/0', '::/0'];
      expectFromElsewhere(await ask([`X-Forwarded-For: ${CLIENT}, ${hop}`], everywhere));
      expect((await ask([`X-Forwarded-For: ${CLIENT}`], everywhere)).status).toBe(200);
    });

    it('and a key without an allow-list still works', async () => {
      const { app, root } = fixture;
      const answer = await listWithHeaders(app, [`Authorization: Bearer ${root.secret}`, 'X-Forwarded-For: unknown']);
      expect(answer.status).toBe(200);
    });
  });

  it.each([
    ['no header', []],
    ['an empty one', ['X-Forwarded-For:']],
    ['commas alone', ['X-Forwarded-For: , ,']],
    ['another header', [`Forwarded: for=${CLIENT}`, `X-Real-IP: ${CLIENT}`]],
  ])("is the proxy's own with %s", async (_, headers) => {
    expectFromElsewhere(await ask(headers));
    expect((await ask(headers, ['127.0.0.1'])).status).toBe(200);
  });

  it('is IPv4 where a mapped address names it: no IPv6 network holds it', async () => {
    expectFromElsewhere(await ask([`X-Forwarded-For: ::ffff:${CLIENT}`], ['::/0']));
    expect((await ask([`X-Forwarded-For: ::ffff:${CLIENT}`], ['203.0.113.0/24'])).status).toBe(200);
  });

  it("is the peer's when the peer is not the trusted one", async () => {
    const [fromAnywhere, fromLoopback] = await Promise.all([
      fixture.createKey({ ip_allow_list: [CLIENT] }),
      fixture.createKey({ ip_allow_list: ['::1'] }),
    ]);
    const status = (secret: string) => statusOverIpv6(Number(new URL(fixture.app.url).port), secret, CLIENT);
    expect(await status(fromAnywhere.secret)).toBe(403);
    expect(await status(fromLoopback.secret)).toBe(200);
  });

  it('is checked again in the transaction that creates a key: the same address, not the proxy’s', async () => {
    const { app, createKey } = fixture;
    const { secret } = await createKey({ ip_allow_list: [CLIENT] });
    const create = (address: string) =>
      send(app.url, 'POST', KEYS, { secret, body: { label: 'x' }, headers: { 'x-forwarded-for': address } });
    expect((await create(CLIENT)).body.data).toMatchObject({ ip_allow_list: [CLIENT] });
    expectFromElsewhere(await create('198.51.100.1'));
  });
});

function statusOverIpv6(port: number, secret: string, forwardedFor: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${secret}`, 'x-forwarded-for': forwardedFor };
    request({ host: '::1', port, path: KEYS, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}
