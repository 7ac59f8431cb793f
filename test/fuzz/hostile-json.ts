import { SCOPES } from '../../src/common/access/scope.js';
import type { Random } from './random.js';

/**
 * JSON as text, because its hostile parts (a duplicate key, half a surrogate pair, 1e400) have no
 * value in JavaScript.
 */
export type JsonText = string;

const NUMBERS = ['0', '-0', '-1', '1.5', '1e400', '-1e400', '1e-400', '9007199254740993', '1'.repeat(400)];
const BARE = ['null', 'true', 'false', '[]', '{}', '[[]]', '[null]', '[{}]', '[""]', '{"":""}', '[0]', '[[["a"]]]'];
const NO_JSON = [
  '',
  'nul',
  'undefined',
  'NaN',
  'Infinity',
  '01',
  '+1',
  '.5',
  "'a'",
  '"a',
  '"\\u12"',
  '"\\x41"',
  '[1,]',
  '{"a":1,}',
  '/**/1',
  '"\t"',
];
const PROTOTYPES = [
  '"__proto__"',
  '{"__proto__":{"isAdmin":true,"scopes":["api_keys.create"]}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '{"toString":null,"valueOf":1,"hasOwnProperty":0}',
  '{"length":1000000000,"0":"invoices.read"}',
  '{"then":"now","toJSON":1}',
];
const TEXTS = [
  '',
  ' ',
  '\\u0000',
  'a\\u0000b',
  '\\ud800',
  '\\udfff\\ud800',
  'a\\ud83d',
  '\\ud83d\\ude00',
  '\\u202eevil',
  '\\u200b\\u200b',
  '\\ufeff',
  'рroducts.create',
  'ｐｒｏｄｕｃｔｓ．ｃｒｅａｔｅ',
  'products.create\\u0301',
  'İı\\u0130',
  'ﷺ',
  '👩‍👩‍👧‍👦',
  "' OR 1=1 -- ",
  "'); DROP TABLE api_keys; -- ",
  '\\" UNION SELECT secret_hash, digest FROM api_key_secrets WHERE \\"\\"=\\"',
  '\\\\\\\\',
  '%00%0d%0aSet-Cookie: a=b',
  '\\r\\nHTTP/1.1 200 OK\\r\\n\\r\\n',
  '${7*7}{{7*7}}<script>alert(1)</script>',
  '../../../../etc/passwd',
  'constructor',
  '__proto__',
];
const TIMES = [
  '2099-12-31 23:59:59',
  '2098-01-01 00:00:00',
  '2024-02-29 12:00:00',
  '2023-02-29 12:00:00',
  '0000-00-00 00:00:00',
  '9999-12-31 23:59:60',
  '10000-01-01 00:00:00',
  '2099-12-31T23:59:59Z',
  '2099-12-31 23:59:59.5',
  '２０９９-12-31 23:59:59',
  '2099-13-01 00:00:00',
  '-2099-12-31 23:59:59',
  'now()',
];
const NETWORKS = [
  '127.0.0.1',
  '127.0.0.0/9',
  '127.0.0.1/32',
  '0.0.0.0/0',
  '::/0',
  '::ffff:127.0.0.1',
  '::ffff:127.0.0.0/104',
  '127.0.0.1/33',
  '127.0.0.1/08',
  '127.0.0.1/-1',
  '127.1',
  '0x7f.1',
  '0177.0.0.1',
  '2130706433',
  '127.0.0.1 ',
  '127.0.0.1%lo',
  'fe80::1%eth0',
  '::1/129',
  '1::2::3',
  '１２７.0.0.1',
  'localhost',
];
const GRANTED_SCOPES = ['api_keys.read', 'products.create'];
const LENGTHS = [254, 255, 256, 999, 1_000, 1_001, 5_000, 60_000];
const COUNTS = [1, 2, 99, 100, 101, 500, 5_000];
const DEPTHS = [31, 32, 33, 100, 1_000, 20_000];

/** A text of hostile kind with the marker in it, quoted. */
export function hostileText(random: Random, marker: string): JsonText {
  const length = random.pick(LENGTHS);
  return random.oneOf<JsonText>([
    [6, () => `"${random.pick(TEXTS)}"`],
    [3, () => `"${marker}${random.pick(TEXTS)}"`],
    [1, () => `"${marker}${'x'.repeat(Math.max(0, length - marker.length))}"`],
    [
      1,
      () =>
        `"${random.pick(['é', '漢', '\\u0041', '😀', '\\ud83d\\ude00', '\u0301'])}"`.replace(
          /"(.+)"/,
          (_, unit: string) => `"${unit.repeat(Math.min(length, 5_000))}"`,
        ),
    ],
  ]);
}

/** Any JSON value, or what only looks like one. */
export function hostileValue(random: Random, marker: string): JsonText {
  return random.oneOf<JsonText>([
    [4, () => hostileText(random, marker)],
    [2, () => random.pick(NUMBERS)],
    [3, () => random.pick(BARE)],
    [2, () => random.pick(PROTOTYPES)],
    [2, () => `"${random.pick(TIMES)}"`],
    [2, () => `"${random.pick(NETWORKS)}"`],
    [2, () => hostileList(random, marker)],
    [1, () => nested(random)],
    [0.5, () => random.pick(NO_JSON)],
  ]);
}

/** A value for a field of this name, mostly one that the sender is allowed to set, or nearly so. */
export function plausibleValue(random: Random, name: string, marker: string): JsonText {
  const isGranted = random.chance(0.7);
  switch (name) {
    case 'label':
      return `"${marker} ${random.pick(['a', 'ü', '漢字', '😀', '\\"', '\\\\', '\\n'])}"`;
    case 'description':
      return random.pick(['null', '""', `"${marker}"`, `"${'d'.repeat(1_000)}"`]);
    case 'scopes':
      return listOf(someOf(random, isGranted ? GRANTED_SCOPES : SCOPES, 1));
    case 'ip_allow_list':
      return isGranted
        ? listOf(someOf(random, NETWORKS.slice(0, 3), 1))
        : random.pick(['null', listOf(someOf(random, NETWORKS, 0))]);
    case 'expires_at':
      return isGranted ? '"2098-01-01 00:00:00"' : random.pick(['null', `"${random.pick(TIMES)}"`]);
    default:
      return hostileValue(random, marker);
  }
}

function hostileList(random: Random, marker: string): JsonText {
  const item = random.oneOf<JsonText>([
    [2, () => `"${random.pick(SCOPES)}"`],
    [2, () => `"${random.pick(NETWORKS)}"`],
    [1, () => hostileText(random, marker)],
    [1, () => random.pick(BARE)],
  ]);
  return listOf(Array.from({ length: item.length > 200 ? 2 : random.pick(COUNTS) }, () => item));
}

function nested(random: Random): JsonText {
  const depth = random.pick(DEPTHS);
  return random.chance(0.5)
    ? `${'['.repeat(depth)}${']'.repeat(depth)}`
    : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
}

const someOf = (random: Random, texts: readonly string[], least: number): JsonText[] =>
  Array.from({ length: least + random.below(4) }, () => `"${random.pick(texts)}"`);

const listOf = (items: readonly JsonText[]): JsonText => `[${items.join(',')}]`;
