import type { Browser } from 'playwright-core';
import { SCOPES } from '../../src/common/access/scope.js';
import { TestApp } from '../support/test-app.js';
import { describeInBrowser, launchChromium } from './chromium.js';
import { takePageScreenshot, takeTryItOutScreenshot } from './screenshots.js';
import { SwaggerUi } from './swagger-ui.js';
import { openWatchedPage, type WatchedPage } from './watched-page.js';

interface ShownKey {
  readonly id: string;
  readonly label: string;
  readonly secret: string;
}

// One visit in the order in which a person makes it. Each step starts where the one before has left
// the page.
describeInBrowser('a visit to Swagger UI', () => {
  let app: TestApp;
  let browser: Browser;
  let watched: WatchedPage;
  let ui: SwaggerUi;
  let firstSecret: string;
  let created: ShownKey;

  beforeAll(async () => {
    app = await TestApp.start();
    firstSecret = (await app.createKey(await app.createOrganization())).secret;
    browser = await launchChromium();
    watched = await openWatchedPage(browser);
    ui = new SwaggerUi(watched.page);
  });
  afterAll(async () => {
    // Either may have failed to start.
    await (browser as Browser | undefined)?.close();
    await (app as TestApp | undefined)?.close();
  });

  it('begins with the title, the six routes and how to authorize', async () => {
    await ui.open(`${app.url}/docs`);
    await takePageScreenshot(ui);
    expect(await ui.page.title()).toBe('Latchkey API');
    expect(await ui.page.locator('.opblock-tag-section').first().locator('.opblock').count()).toBe(6);
    await ui.authorize(firstSecret);
  });

  it('names every scope, when asked', async () => {
    const scopes = ui.page.locator('.info details tbody tr');
    expect(await scopes.first().isVisible()).toBe(false);
    await ui.page.locator('.info summary').click();
    expect(await scopes.first().isVisible()).toBe(true);
    expect(await scopes.count()).toBe(SCOPES.length);
    await ui.page.locator('.info summary').click();
  });

  it('creates a key from the example as it stands, and shows the whole secret', async () => {
    const { status, body } = await ui.tryOut('apiKeysCreate');
    await takeTryItOutScreenshot(ui, 'apiKeysCreate');
    created = body.data as ShownKey;
    expect({ status, label: created.label }).toEqual({ status: '200', label: 'My API Key' });
    expect(created.secret).toMatch(/^sk_live_[0-9A-Za-z]{61}$/);
  });

  it('lists that key, and masks its secret', async () => {
    const { status, body } = await ui.tryOut('apiKeysList');
    const listed = (body.data as ShownKey[]).find(({ id }) => id === created.id);
    expect({ status, label: listed?.label }).toEqual({ status: '200', label: created.label });
    expect(listed?.secret).toBe(`${created.secret.slice(0, 20)}...${created.secret.slice(-5)}`);
    expect(await ui.answer('apiKeysList').innerText()).not.toContain(created.secret);
  });

  it('deletes it', async () => {
    const { status, body } = await ui.tryOut('apiKeysDelete', { id: created.id });
    expect({ status, data: body.data }).toEqual({ status: '200', data: { id: created.id } });
    expect(watched.complaints).toEqual([]);
  });

  it('works with a created key until that is deleted, and then shows 401', async () => {
    const reader = (await ui.tryOut('apiKeysCreate', { body: { label: 'Reader', scopes: ['api_keys.read'] } })).body
      .data as ShownKey;
    await ui.authorize(reader.secret);
    expect(await ui.tryOut('apiKeysList')).toMatchObject({ status: '200' });

    await ui.authorize(firstSecret);
    expect(await ui.tryOut('apiKeysDelete', { id: reader.id })).toMatchObject({ status: '200' });
    expect(watched.complaints).toEqual([]);

    await ui.authorize(reader.secret);
    expect(await ui.tryOut('apiKeysList')).toMatchObject({
      status: '401',
      body: { data: null, error: 'This API key has been deleted.' },
    });
  });

  it('has left nothing on the console but that one 401, which the browser itself notes', () => {
    expect(watched.complaints).toEqual([
      'error: Failed to load resource: the server responded with a status of 401 (Unauthorized)',
    ]);
  });

  it('has asked no other host', () => {
    const own = new URL(app.url).origin;
    expect(watched.requested.length).toBeGreaterThan(8);
    expect(watched.requested.filter(({ protocol, origin }) => protocol !== 'data:' && origin !== own)).toEqual([]);
  });

  it('was bound by a policy that lets it run and ask for nothing else', async () => {
    const { headers } = await fetch(`${app.url}/docs`);
    const policy = headers.get('content-security-policy')?.split(';');
    expect(policy).toEqual(expect.arrayContaining(["default-src 'none'", "script-src 'self'", "connect-src 'self'"]));
  });
});
