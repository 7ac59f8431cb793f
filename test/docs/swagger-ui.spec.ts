import { RawClient } from '../support/raw-client.js';
import { TestApp } from '../support/test-app.js';

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
    latchkey = await TestApp.start();
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

  it.each([
    ['/docs', 'docs/'],
    ['/docs?a=b/', 'docs/'],
    ['/DOCS', 'docs/'],
    ['/docs/?url=https://example.com/', './'],
  ])('redirects %s by a relative reference, which holds under any path prefix', async (path, location) => {
    const { status, headers } = await fetch(`${latchkey.url}${path}`, { redirect: 'manual' });
    expect([status, headers.get('location')]).toEqual([302, location]);
  });

  it.each([
    '/docs/package.json',
    '/docs/package%2ejson',
    '/DOCS/package.json',
    '/docs/./package.json',
    '/docs//package.json',
    '/docs/index.html',
    '/docs/index.js',
    '/docs/LICENSE',
    '/docs/README.md',
    '/docs/NOTICE',
    '/docs/absolute-path.js',
    '/docs/oauth2-redirect.html',
    '/docs/swagger-initializer.js',
    '/docs/swagger-ui.js',
    '/docs/swagger-ui-bundle.js.map',
    '/docs/swagger-ui-bundle.js/',
    '/docs/../package.json',
    '/docs/%2e%2e/package.json',
    '/docs/docs/swagger-ui-init.js',
  ])('serves nothing else of its package: %s is 404 in the envelope', async (path) => {
    const raw = await RawClient.connect(Number(new URL(latchkey.url).port));
    raw.send(`GET ${path} HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nConnection: close\r\n\r\n`);
    const [answer] = await raw.answersUntilClose();
    expect([answer?.status, answer?.headers['cache-control']]).toEqual([404, 'no-store']);
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ status: 404, data: null });
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])(
    'is only read: %s of the page is refused in the envelope',
    async (method) => {
      const response = await fetch(`${latchkey.url}/docs/`, { method });
      expect([response.status, await response.json()]).toEqual([404, expect.objectContaining({ status: 404 })]);
    },
  );

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

  it('sends nothing to a third-party validator', async () => {
    const settings = await (await get('/docs/swagger-ui-init.js')).text();

    expect(settings).toMatch(/"validatorUrl":\s*null/);
  });
});

describe('Swagger UI keeps the key that a person typed in', () => {
  it.each([
    ['in development', { APP_ENV: 'development' }, 'true'],
    ['never in production', { APP_ENV: 'production', TRUST_PROXY: 'none', SHUTDOWN_DELAY_MS: '0' }, 'false'],
  ])('%s', async (_, env, expected) => {
    const latchkey = await TestApp.start({ env });
    try {
      const settings = await (await fetch(`${latchkey.url}/docs/swagger-ui-init.js`)).text();
      expect(/"persistAuthorization":\s*(\w+)/.exec(settings)?.[1]).toBe(expected);
    } finally {
      await latchkey.close();
    }
  });
});
