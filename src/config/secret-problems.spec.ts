import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError, parseEnv } from './parse-env.js';

const random = () => randomBytes(32).toString('base64');
const randomToken = () => randomBytes(32).toString('hex');
const DATABASE_URL = 'mysql://latchkey:s3cret@db.internal:3307/keys';

function problems(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    parseEnv({ DATABASE_URL, ...env }, () => Buffer.from(random()));
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems;
    }
    throw error;
  }
  return [];
}

const production = (env: Readonly<Record<string, string>>) =>
  problems({ APP_ENV: 'production', TRUST_PROXY: 'none', SECRET_PEPPER: random(), ...env });

const WEAK = [
  '0'.repeat(32),
  'a'.repeat(64),
  'ab'.repeat(20),
  'Aa1'.repeat(20),
  'changeme'.repeat(4),
  'passwordpasswordpasswordpassword',
  '0123456789abcdef'.repeat(2),
  '0123456789abcdef'.repeat(8),
  '12345678901234567890123456789012',
  'abcdefghijklmnopqrstuvwxyz0123456789',
  'CHANGE-ME-8f0c1d2e3b4a59687f6e5d4c3b2a1908',
  'your_secret_8f0c1d2e3b4a59687f6e5d4c3b2a1908',
  'replace.this.8f0c1d2e3b4a59687f6e5d4c3b2a1908',
  'sk_live_030LKADJL8brw2LrrWLGq300lBcKUCcfcQwiP5o8gk3nAfLmS9Zf5fb0y00n0',
];

describe('a secret of the configuration in production', () => {
  it.each(WEAK)('is refused if it is not random, with the reason and the way out, and is not repeated: %s', (weak) => {
    const [pepper, ...morePeppers] = production({ SECRET_PEPPER: weak });
    expect(pepper).toMatch(/^SECRET_PEPPER must be random in production, but it (is|repeats) .*openssl rand/);
    expect(pepper).toContain('SECRET_PEPPER_RETIRED');
    const [token, ...moreTokens] = production({ INTERNAL_TOKENS: `good:${randomToken()},billing:${weak}` });
    expect(token).toMatch(/^INTERNAL_TOKENS must be random in production, but a token of billing .*openssl rand/);
    expect([...morePeppers, ...moreTokens]).toEqual([]);
    expect(`${pepper ?? ''}${token ?? ''}`).not.toContain(weak);
  });

  it('is taken if it comes from openssl, of any form and length: none in 2,000 is refused', () => {
    const digits = () => Array.from({ length: 32 }, () => randomInt(10)).join('');
    for (let round = 0; round < 400; round++) {
      const tokens = [randomToken(), randomBytes(16).toString('hex'), randomBytes(24).toString('base64url'), digits()];
      const INTERNAL_TOKENS = tokens.map((token, place) => `n${place}:${token}`).join(',');
      expect(production({ INTERNAL_TOKENS })).toEqual([]);
    }
  });

  it('may be weak once it is retired: that is how it is replaced', () => {
    expect(production({ SECRET_PEPPER_RETIRED: '0'.repeat(32) })).toEqual([]);
  });
});

describe('a secret of the configuration in development', () => {
  it('may be anything that is long enough', () => {
    expect(problems({ SECRET_PEPPER: '0'.repeat(32), INTERNAL_TOKENS: `a:${'a'.repeat(32)}` })).toEqual([]);
  });
});

describe.each(['production', 'development'])('a secret that guards two things is refused in %s:', (APP_ENV) => {
  const found = (env: Readonly<Record<string, string>>) => problems({ APP_ENV, TRUST_PROXY: 'none', ...env });
  const shared = randomToken();
  const own = { SECRET_PEPPER: random() };

  it('a pepper that is a token of a service', () => {
    expect(found({ SECRET_PEPPER: shared, INTERNAL_TOKENS: `a:${randomToken()},b:${shared}` })).toEqual([
      expect.stringContaining('INTERNAL_TOKENS must not contain a pepper'),
    ]);
  });

  it('a retired pepper that is a token of a service', () => {
    expect(found({ ...own, SECRET_PEPPER_RETIRED: shared, INTERNAL_TOKENS: `b:${shared}` })).toEqual([
      expect.stringContaining('INTERNAL_TOKENS must not contain a pepper'),
    ]);
  });

  it('a pepper that is retired too', () => {
    expect(found({ SECRET_PEPPER: shared, SECRET_PEPPER_RETIRED: `${random()},${shared}` })).toEqual([
      expect.stringContaining('SECRET_PEPPER must not be in SECRET_PEPPER_RETIRED too'),
    ]);
  });

  it('a pepper, or a token, that is the password of the database', () => {
    const url = { DATABASE_URL: `mysql://latchkey:${shared}@db.internal/keys` };
    expect(found({ ...url, SECRET_PEPPER: shared })).toEqual([
      expect.stringContaining('SECRET_PEPPER must not be the password in DATABASE_URL'),
    ]);
    expect(found({ ...url, ...own, INTERNAL_TOKENS: `a:${shared}` })).toEqual([
      expect.stringContaining('INTERNAL_TOKENS must not contain the password in DATABASE_URL'),
    ]);
  });
});

describe('the documents', () => {
  it('show no value of a secret that production would take', () => {
    const files = ['README.md', '.env.example', 'docker-compose.yml', 'docs/gateways.md', 'docs/gateways/nginx.conf'];
    const text = files.map((file) => readFileSync(file, 'utf8')).join('\n');
    const peppers = [...text.matchAll(/\bSECRET_PEPPER=(\S+)/g)].map(([, value = '']) => value);
    const tokens = [...text.matchAll(/\bINTERNAL_TOKENS=(\S+)/g)].map(([, value = '']) => value);
    expect(tokens.length).toBeGreaterThan(2);
    for (const SECRET_PEPPER of peppers) {
      expect(production({ SECRET_PEPPER })).toEqual([expect.stringContaining('SECRET_PEPPER must be')]);
    }
    for (const INTERNAL_TOKENS of tokens) {
      expect(production({ INTERNAL_TOKENS })).toEqual([expect.stringContaining('INTERNAL_TOKENS must be')]);
    }
  });
});
