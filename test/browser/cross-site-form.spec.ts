import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { TestApp } from '../support/test-app.js';
import { describeInBrowser, launchChromium } from './chromium.js';

describeInBrowser('a page of another site, open in a browser of this machine,', () => {
  let app: TestApp;
  let secret: string;
  let pages: Server;
  let browser: Browser;

  beforeAll(async () => {
    app = await TestApp.start();
    ({ secret } = await app.createKey(await app.createOrganization()));
    pages = createServer((_, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end(
        `<form method="post" action="${app.internalUrl}/introspect"><input name="token" value="${secret}"><button>Send</button></form>`,
      );
    });
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
    browser = await launchChromium();
  });
  afterAll(async () => {
    await (browser as Browser | undefined)?.close();
    pages.close();
    await app.close();
  });

  it.each(['localhost', '127.0.0.1'])('cannot send a form to the open listener for services: from %s', async (host) => {
    const page = await browser.newPage();
    await page.goto(`http://${host}:${(pages.address() as AddressInfo).port}/`);
    const [response] = await Promise.all([
      page.waitForResponse((candidate) => candidate.url().endsWith('/introspect')),
      page.getByRole('button').click(),
    ]);
    expect([response.status(), await response.json()]).toEqual([
      403,
      expect.objectContaining({ error: 'invalid_request' }),
    ]);
    await page.close();
  });
});
