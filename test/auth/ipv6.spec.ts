import { existsSync, readFileSync } from 'node:fs';
import { KEYS, send } from '../support/api-client.js';
import { startFixture } from '../support/fixtures.js';

const INTERNAL_TOKENS = 'gateway:gateway-token-0123456789abcdefghijklmnop';
const TOKEN = { 'x-latchkey-token': INTERNAL_TOKENS.slice('gateway:'.length) };
const INTERFACES = '/proc/net/if_inet6';
/** A system without IPv6 cannot listen on it. A system without this file is tried. */
const HAS_IPV6 = !existsSync(INTERFACES) || readFileSync(INTERFACES, 'utf8').includes(' lo\n');

(HAS_IPV6 ? describe : describe.skip)('a service that listens on IPv6', () => {
  const portOf = (url: string) => new URL(url).port;

  it('with HOST=:: takes both families, and an IPv4 peer is the address that it is on IPv4', async () => {
    const fixture = await startFixture({
      env: {
        HOST: '::',
        INTERNAL_HOST: '::',
        INTERNAL_TOKENS,
        TRUST_PROXY: '127.0.0.1',
        FORWARD_AUTH_ADDRESS_HEADER: 'X-Real-IP',
        FORWARD_AUTH_TRUSTED_PEERS: '127.0.0.1',
      },
    });
    try {
      const port = portOf(fixture.app.url);
      const [mine, six, behind] = await Promise.all(
        ['127.0.0.1', '::1', '192.0.2.7'].map((address) => fixture.createKey({ ip_allow_list: [address] })),
      );
      const status = async (host: string, secret = '', headers = {}) =>
        (await send(`http://${host}:${port}`, 'GET', `${KEYS}/current`, { secret, headers })).status;
      expect(await status('127.0.0.1', mine?.secret)).toBe(200);
      expect(await status('[::1]', mine?.secret)).toBe(403);
      expect(await status('[::1]', six?.secret)).toBe(200);
      expect(await status('127.0.0.1', six?.secret)).toBe(403);
      // Only the proxy that is trusted, which comes over IPv4, is believed about its client.
      const forwarded = { 'x-forwarded-for': '192.0.2.7' };
      expect(await status('127.0.0.1', behind?.secret, forwarded)).toBe(200);
      expect(await status('[::1]', behind?.secret, forwarded)).toBe(403);

      const internalPort = portOf(fixture.app.internalUrl);
      const ask = async (host: string, secret = '') =>
        (
          await fetch(`http://${host}:${internalPort}/forward-auth?scopes=`, {
            headers: { ...TOKEN, authorization: `Bearer ${secret}`, 'x-real-ip': '192.0.2.7' },
          })
        ).status;
      expect(await ask('127.0.0.1', behind?.secret)).toBe(200);
      expect(await ask('[::1]', behind?.secret)).toBe(403);
    } finally {
      await fixture.app.close();
    }
  });

  it('with INTERNAL_HOST=::1 needs no tokens, and answers to names of this machine alone', async () => {
    const fixture = await startFixture({ env: { INTERNAL_HOST: '::1' } });
    try {
      expect(new URL(fixture.app.internalUrl).hostname).toBe('[::1]');
      const verified = await fetch(`${fixture.app.internalUrl}/verify`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ secret: fixture.root.secret }),
      });
      expect([verified.status, await verified.json()]).toEqual([
        200,
        expect.objectContaining({ data: expect.objectContaining({ valid: true }) as unknown }),
      ]);
    } finally {
      await fixture.app.close();
    }
  });
});
