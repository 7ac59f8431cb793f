import type { Browser } from 'playwright-core';
import { KEYS } from '../support/api-client.js';
import { endProcesses } from '../support/running-process.js';
import { TestApp } from '../support/test-app.js';
import { describeBehindNginx, endGateways, startServer, type Gateway } from '../gateways/nginx.js';
import { describeInBrowser, launchChromium } from './chromium.js';
import { SwaggerUi } from './swagger-ui.js';
import { openWatchedPage, type WatchedPage } from './watched-page.js';

const PREFIX = '/keys-api';

interface ShownKey {
  readonly id: string;
}

describeBehindNginx('under a path prefix that nginx strips', () => {
  let app: TestApp;
  let gateway: Gateway;
  let secret: string;

  beforeAll(async () => {
    app = await TestApp.start();
    secret = (await app.createKey(await app.createOrganization())).secret;
    // The final slash of proxy_pass replaces what the location matched.
    gateway = await startServer(`        location ${PREFIX}/ { proxy_pass ${app.url}/; }`);
  });
  afterAll(async () => {
    await endGateways();
    await app.close();
    await endProcesses();
  });

  const get = (url: URL | string) => fetch(url, { headers: { authorization: `Bearer ${secret}` } });

  it('Link leads from page to page, resolved against the URL that the client used', async () => {
    const ids: string[] = [];
    for (const label of ['Second', 'Third']) {
      await fetch(`${gateway.url}${PREFIX}${KEYS}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
        body: JSON.stringify({ label }),
      });
    }
    for (let next: URL | null = new URL(`${gateway.url}${PREFIX}${KEYS}?limit=1`); next !== null;) {
      const response = await get(next);
      expect([next.pathname, response.status]).toEqual([`${PREFIX}${KEYS}`, 200]);
      ids.push(...((await response.json()) as { data: ShownKey[] }).data.map(({ id }) => id));
      const [, reference] = /^<([^>]*)>; rel="next"$/.exec(response.headers.get('link') ?? '') ?? [];
      next = reference === undefined ? null : new URL(reference, response.url);
    }
    expect(ids).toHaveLength(3);
  });

  it('the server in the document, resolved against the URL of the document, is the prefix', async () => {
    const response = await get(`${gateway.url}${PREFIX}/docs/openapi.json`);
    const { servers } = (await response.json()) as { servers: { url: string }[] };
    expect(servers.map(({ url }) => new URL(url, response.url).href)).toEqual([`${gateway.url}${PREFIX}/`]);
    expect(servers.map(({ url }) => new URL(url, `${app.url}/docs/openapi.json`).href)).toEqual([`${app.url}/`]);
  });

  describeInBrowser('Swagger UI', () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launchChromium();
    });
    afterAll(async () => {
      await (browser as Browser | undefined)?.close();
    });

    it.each(['/docs', '/docs/', '/docs/?url=https://example.com/openapi.json'])(
      'opened at %s sends what is tried out to the prefix, and asks no other path or host',
      async (path) => {
        const watched: WatchedPage = await openWatchedPage(browser);
        const ui = new SwaggerUi(watched.page);
        await ui.open(`${gateway.url}${PREFIX}${path}`);
        await ui.authorize(secret);
        expect(await ui.tryOut('apiKeysList')).toMatchObject({ status: '200' });
        expect(watched.complaints).toEqual([]);
        const own = `${gateway.url}${PREFIX}/`;
        const foreign = watched.requested.filter(({ href, protocol }) => protocol !== 'data:' && !href.startsWith(own));
        expect(foreign.map(({ href }) => href)).toEqual([]);
        expect(watched.requested.map(({ pathname }) => pathname)).toContain(`${PREFIX}${KEYS}`);
        await watched.page.close();
      },
    );
  });
});
