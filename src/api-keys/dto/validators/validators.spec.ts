import { validateSync } from 'class-validator';
import { IsApiKeyId } from './is-api-key-id.js';
import { IsIpNetwork } from './is-ip-network.js';
import { IsMysqlDateTime } from './is-mysql-date-time.js';
import { IsScope } from './is-scope.js';
import { ContainsNoSecret, IsNotBlank, IsStorable, MaxCharacters } from './validate-text.js';

const SECRET = `sk_live_${'0'.repeat(61)}`;

/** The message of a decorator about a value; null when the value passes. */
function messageOf(decorator: PropertyDecorator, value: unknown): string | null {
  class Request {
    field = value;
  }
  decorator(Request.prototype, 'field');
  const [error] = validateSync(new Request());
  return Object.values(error?.constraints ?? {})[0] ?? null;
}

describe.each<[string, PropertyDecorator, readonly unknown[], readonly [value: unknown, message: string | RegExp][]]>([
  [
    'MaxCharacters(2)',
    MaxCharacters(2),
    ['', 'ab', '🔑🔑', 'e\u0301'],
    [
      ['abc', 'must have at most 2 characters'],
      ['🔑🔑🔑', 'must have at most 2 characters'],
      // MySQL counts the variation selectors, too.
      ['a\ufe0f\ufe0f', 'must have at most 2 characters'],
      [7, 'must have at most 2 characters'],
    ],
  ],
  ['IsNotBlank', IsNotBlank(), ['x', ' . '], [[' \t\u200b', 'must contain a visible character']]],
  [
    'IsStorable',
    IsStorable(),
    ['', '🔑'],
    [
      ['a\0', 'must not contain a NUL character or an unpaired surrogate'],
      ['\ud83d', 'must not contain a NUL character or an unpaired surrogate'],
    ],
  ],
  [
    'ContainsNoSecret',
    ContainsNoSecret(),
    ['sk_live_', 'a key'],
    [[`my ${SECRET}`, 'must not contain the secret of an API key']],
  ],
  [
    'IsScope({ each: true })',
    IsScope({ each: true }),
    [[], ['invoices.read', 'products.create']],
    [
      [
        ['invoices.read', 'rockets.launch'],
        /^contains an unknown scope "rockets\.launch"\. Valid scopes: invoices\.create, /,
      ],
      // What does not look like a scope may be a secret.
      [[SECRET], /^contains an unknown scope\. Valid scopes: /],
      [[7], /^contains an unknown scope\. Valid scopes: /],
    ],
  ],
  [
    'IsIpNetwork({ each: true })',
    IsIpNetwork({ each: true }),
    [[], ['10.0.0.1', '2001:db8::/32']],
    [
      [['10.0.0.1', 7], 'must contain only strings: IP addresses and networks'],
      [['10.0.0.1', 'example.com'], /^A host name is not supported/],
    ],
  ],
  [
    'IsMysqlDateTime',
    IsMysqlDateTime(),
    ['2099-12-31 23:59:59'],
    [
      ['2099-02-30 00:00:00', 'must be a valid UTC date-time (YYYY-MM-DD HH:MM:SS), or null'],
      [7, 'must be a valid UTC date-time (YYYY-MM-DD HH:MM:SS), or null'],
    ],
  ],
  [
    'IsApiKeyId',
    IsApiKeyId(),
    ['api_key_0197c0f1-9589-7990-b421-4b806f637b0c'],
    [
      ['org_0197c0f1-9589-7990-b421-4b806f637b0c', /^must be the id of an API key: /],
      [7, /^must be the id of an API key: /],
    ],
  ],
])('@%s', (_, decorator, accepted, rejected) => {
  it.each(accepted.map((value) => [value]))('accepts %j', (value) => {
    expect(messageOf(decorator, value)).toBeNull();
  });

  it.each(rejected)('rejects %j and says how to fix it', (value, message) => {
    expect(messageOf(decorator, value)).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });
});
