import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

/** Debian's; `npm test` names another if it finds one elsewhere. */
const PATH = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** Turns off the browser's own network traffic, so that every request comes from the page. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * `describe`, or a skipped one with instructions where Chromium is missing. In CI it is required.
 */
export function describeInBrowser(name: string, tests: () => void): void {
  if (existsSync(PATH) || process.env.CI === 'true') {
    describe(name, tests);
    return;
  }
  // Jest does not show the name of what is skipped.
  console.warn(`${name}: skipped. There is no ${PATH}: install Debian's package chromium, or set CHROMIUM_PATH.`);
  describe.skip(name, tests);
}

/** A browser with a temporary profile. */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: PATH, headless: true, args: FLAGS });
}
