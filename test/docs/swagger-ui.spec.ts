import { startTestApp, type TestApp } from '../support/test-app.js';

const ASSET = /<(script|link|img|iframe|source)\b[^>]*?\b(?:src|href)="([^"]*)"[^>]*>/g;

interface Asset {
  readonly tag: string;
  readonly reference: string;
}

function assetsOf(html: string): Asset[] {
  return [...html.matchAll(ASSET)].map(([, tag = '', reference = '']) => ({ tag, reference }));
}

function directivesOf(policy: string): Map<string, readonly string[]> {
  return new Map(
    policy.split(';').map((directive) => {
      const [name = '', ...sources] = directive.trim().split(/\s+/);
      return [name, sources];
    }),
  );
}

describe('Swagger UI', () => {
  let latchkey: TestApp;

  beforeAll(async () => {
    latchkey = await startTestApp();
  });

  afterAll(() => latchkey.close());

  const get = (path: string) => fetch(`${latchkey.url}${path}`);

  it.each(['/docs', '/docs/'])('is a page at %s, for anybody', async (path) => {
    const response = await get(path);

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    expect(await response.text()).toContain('id="swagger-ui"');
  });

  it.each(['/docs', '/docs/'])('asks for nothing but what this host serves, when opened at %s', async (path) => {
    const page = await get(path);
    const assets = assetsOf(await page.text());
    expect(assets.filter(({ tag }) => tag === 'script').length).toBeGreaterThanOrEqual(3);
    expect(assets.filter(({ tag }) => tag === 'link').length).toBeGreaterThanOrEqual(1);

    for (const { tag, reference } of assets) {
      expect(reference).not.toMatch(/^(?:[a-z][a-z0-9+.-]*:|\/\/)/i);
      const response = await fetch(new URL(reference, page.url));
      const type = response.headers.get('content-type') ?? '';
      expect([reference, response.status]).toEqual([reference, 200]);
      expect(type).toMatch(tag === 'script' ? /javascript/ : /css|image/);
      if (type.includes('css')) {
        expect((await response.text()).match(/(?:url\(|@import )\s*["']?(?:https?:)?\/\//g)).toBeNull();
      }
    }
  });

  it('proves it by a content security policy, on the page and on what it loads', async () => {
    for (const path of ['/docs', '/docs/swagger-ui-bundle.js', '/docs/openapi.json']) {
      const directives = directivesOf((await get(path)).headers.get('content-security-policy') ?? '');
      expect(directives.get('default-src')).toEqual(["'none'"]);
      expect(directives.get('script-src')).toEqual(["'self'"]);
      expect(directives.get('connect-src')).toEqual(["'self'"]);
      expect(directives.get('frame-ancestors')).toEqual(["'none'"]);
      expect(directives.get('base-uri')).toEqual(["'none'"]);
      const sources = new Set([...directives.values()].flat());
      for (const source of sources) {
        expect(["'none'", "'self'", "'unsafe-inline'", 'data:']).toContain(source);
      }
    }
  });

  it('has no script in the page itself, which the policy would not run', async () => {
    const html = await (await get('/docs')).text();

    for (const [, attributes = '', content = ''] of html.matchAll(/<script\b([^>]*)>([^]*?)<\/script>/g)) {
      expect(attributes).toMatch(/\bsrc=/);
      expect(content.trim()).toBe('');
    }
    expect(html).not.toMatch(/\son[a-z]+=/);
  });

  it('sends nothing to a validator of somebody else', async () => {
    const settings = await (await get('/docs/swagger-ui-init.js')).text();

    expect(settings).toMatch(/"validatorUrl":\s*null/);
  });
});

describe('Swagger UI keeps the key that a person typed in', () => {
  it.each([
    ['in development', { APP_ENV: 'development' }, 'true'],
    ['never in production', { APP_ENV: 'production', TRUST_PROXY: 'none', SHUTDOWN_DELAY_MS: '0' }, 'false'],
  ])('%s', async (_, env, expected) => {
    const latchkey = await startTestApp(env);
    try {
      const settings = await (await fetch(`${latchkey.url}/docs/swagger-ui-init.js`)).text();
      expect(/"persistAuthorization":\s*(\w+)/.exec(settings)?.[1]).toBe(expected);
    } finally {
      await latchkey.close();
    }
  });
});
