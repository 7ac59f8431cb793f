import type { Browser, Page } from 'playwright-core';

/** A page, and all that it did which a person would not see. */
export interface WatchedPage {
  readonly page: Page;
  /** Every requested URL. */
  readonly requested: URL[];
  /** Console errors and warnings, exceptions, and violations of the content security policy. */
  readonly complaints: string[];
}

const REPORT_VIOLATIONS = `document.addEventListener('securitypolicyviolation', (violation) => {
  console.error('content security policy: ' + violation.violatedDirective + ' ' + violation.blockedURI);
});`;

/** Opens an empty page 1,200 pixels wide and watches it from its first request on. */
export async function openWatchedPage(browser: Browser): Promise<WatchedPage> {
  const page = await browser.newPage({ viewport: { width: 1_200, height: 1_000 } });
  const requested: URL[] = [];
  const complaints: string[] = [];
  await page.addInitScript(REPORT_VIOLATIONS);
  page.on('request', (request) => requested.push(new URL(request.url())));
  page.on('websocket', (socket) => requested.push(new URL(socket.url())));
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      complaints.push(`${message.type()}: ${message.text()}`);
    }
  });
  return { page, requested, complaints };
}
