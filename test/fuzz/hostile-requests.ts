import type { DocumentedOperation, Schema } from '../contract/api-document.js';
import { API_DOCUMENT, OPERATIONS } from '../contract/api-document.js';
import { hostileText, hostileValue, plausibleValue, type JsonText } from './hostile-json.js';
import type { Random } from './random.js';

/** What a request is made of, as the client puts it on the wire. */
export interface HostileRequest {
  readonly method: string;
  /** The request target exactly as sent, without normalization. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

/** The parts of the product that requests are made of. */
export interface Target {
  /** The key that sends nearly all of them. */
  readonly secret: string;
  /** Valid and invalid secrets of other keys. */
  readonly otherSecrets: readonly string[];
  /** Keys that may be changed and deleted, and some that are not there. */
  readonly ids: readonly string[];
  /** Stands in all that is sent, so that it is found wherever it should not be. */
  readonly marker: string;
}

const METHODS = [
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'MKCOL',
  'M-SEARCH',
  'PURGE',
];
const SEGMENTS = [
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '..%2f..%2f',
  '../../health/live',
  './.',
  '%2F',
  '%5c..%5c',
  '%00',
  'a%00b',
  '%',
  '%zz',
  '%c0%af',
  '%ed%a0%80',
  '%F0%9F%98%80',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  "1'%20OR%20'1'='1",
  '%27%3B%20DROP%20TABLE%20api_keys%3B--',
  ';id=1',
  'null',
  'undefined',
  '-1',
  '1e400',
  '%0d%0aSet-Cookie:%20a=b',
  'api_key_',
  'api_key_0197c0f1-9589-7990-b421-4b806f637b0c/metrics',
  ':id',
  '*',
  '{id}',
];
const QUERIES = [
  'limit=1&limit=2',
  'limit[]=1',
  'limit[0]=1&limit[1]=2',
  'limit[__proto__]=1',
  'limit=1e1',
  'limit=-0',
  'limit=0x1',
  'limit=%31%30',
  'limit=9007199254740993',
  'limit=1%00',
  'limit=',
  'limit',
  'status=active&status=expired',
  'status[]=active',
  'status=__proto__',
  'status=constructor',
  'status=ACTIVE',
  'status=%FF',
  'status=activ%C4%93',
  '__proto__=1',
  '__proto__[limit]=5',
  'constructor=1',
  'hasOwnProperty=1',
  'toString=1',
  'access_token=abc',
  'created_by=%27%20OR%201=1--',
  'after=%ed%a0%80',
  '&&&===&',
  '?',
  '%',
  '%zz=1',
  'a=%',
];

/** One hostile request to a documented operation, or near one. */
export function hostileRequest(random: Random, target: Target): HostileRequest {
  const operation = random.pick([...OPERATIONS, ...OPERATIONS.filter(({ path }) => path.includes('api_keys'))]);
  const method = random.chance(0.9) ? operation.method : random.pick(METHODS);
  const takesBody = operation.requestBody !== undefined || random.chance(0.1);
  const body = takesBody ? bodyFor(random, operation, target) : null;
  return {
    method,
    path: pathFor(random, operation, target),
    headers: headersFor(random, target, body),
    body,
  };
}

function pathFor(random: Random, { path, parameters }: DocumentedOperation, { ids, marker }: Target): string {
  const filled = path.replace(/\{\w+\}/g, () =>
    random.oneOf<string>([
      [6, () => random.pick(ids)],
      [2, () => random.pick(SEGMENTS)],
      [0.5, () => marker],
      [0.5, () => random.pick(ids).toUpperCase()],
      [0.5, () => `${random.pick(ids)}${random.pick(['/', '%20', '%00', '.json', '?', ';a'])}`],
      [0.2, () => 'x'.repeat(random.pick([500, 4_000, 15_000]))],
    ]),
  );
  const odd = random.oneOf<string>([
    [20, () => filled],
    [0.5, () => filled.toUpperCase()],
    [0.5, () => `${filled}/`],
    [0.5, () => filled.replaceAll('/', '//')],
    [0.5, () => `/${random.pick(SEGMENTS)}${filled}`],
    [0.3, () => `http://other.example${filled}`],
    [0.3, () => `${filled}#${marker}`],
  ]);
  const query = queryFor(
    random,
    parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name),
    ids,
    marker,
  );
  return query === '' ? odd : `${odd}?${query}`;
}

function queryFor(random: Random, names: readonly string[], ids: readonly string[], marker: string): string {
  if (random.chance(names.length > 0 ? 0.2 : 0.9)) {
    return '';
  }
  const parts = Array.from({ length: 1 + random.below(3) }, () =>
    random.oneOf<string>([
      [3, () => `limit=${1 + random.below(20)}`],
      [1, () => `after=${random.pick(ids)}`],
      [1, () => `created_by=${random.pick(ids)}`],
      [1, () => `status=${random.pick(['active', 'disabled', 'expired'])}`],
      [4, () => random.pick(QUERIES)],
      [
        1,
        () => `${names.length === 0 ? 'a' : random.pick(names)}=${marker}${random.pick(SEGMENTS).replaceAll('#', '')}`,
      ],
      [0.2, () => Array.from({ length: 1_200 }, (_, n) => `a${n}=1`).join('&')],
    ]),
  );
  return parts.join('&');
}

function bodyFor(random: Random, operation: DocumentedOperation, { marker }: Target): Buffer {
  const text = random.oneOf<JsonText>([
    [12, () => objectFor(random, operation, marker)],
    [1, () => hostileValue(random, marker)],
    [0.5, () => `${objectFor(random, operation, marker)}${random.pick(['}', ' x', '\u0000', '{}', ','])}`],
    [0.3, () => '{'.repeat(random.pick([1, 1_000, 50_000]))],
    [0.3, () => `{"label":"${marker}${'x'.repeat(random.pick([70_000, 300_000]))}"}`],
  ]);
  return random.oneOf<Buffer>([
    [20, () => Buffer.from(text)],
    [0.5, () => Buffer.from(`\ufeff${text}`)],
    [0.5, () => Buffer.from(text, 'utf16le')],
    // Latin-1 is no UTF-8, nor is what is cut in the middle of a character.
    [0.5, () => Buffer.from(text.replace('"', '"é'), 'latin1')],
    [0.3, () => Buffer.concat([Buffer.from(text), Buffer.from([0xff, 0xfe, 0x00])])],
  ]);
}

function objectFor(random: Random, operation: DocumentedOperation, marker: string): JsonText {
  const names = fieldNames(operation);
  const fields = new Map<string, JsonText>(
    names
      .filter((name) => name === 'label' || random.chance(0.4))
      .map((name) => [name, plausibleValue(random, name, marker)]),
  );
  const mutations = random.below(3);
  for (let n = 0; n < mutations; n++) {
    const name = names.length === 0 ? 'label' : random.pick(names);
    fields.set(name, hostileValue(random, marker));
  }
  const entries = [...fields].map(([name, value]) => `${JSON.stringify(name)}:${value}`);
  if (random.chance(0.15)) {
    entries.push(extraEntry(random, names, marker));
  }
  // A new key costs a bcrypt: let few of them come about.
  if (operation.method === 'POST' && !random.chance(0.1)) {
    entries.push(`"extra":${hostileText(random, marker)}`);
  }
  return `{${entries.join(random.pick([',', ', ', ',\n', '\t,']))}}`;
}

function extraEntry(random: Random, names: readonly string[], marker: string): JsonText {
  const value = hostileValue(random, marker);
  return random.oneOf<JsonText>([
    [2, () => `"${names.length === 0 ? 'a' : random.pick(names)}":${value}`],
    [1, () => `"__proto__":${value}`],
    [1, () => `"constructor":${value}`],
    [
      1,
      () =>
        `"${random.pick(['id', 'organization_id', 'secret', 'created_by', 'disabled_at', 'revision', 'Label', 'labél', 'label\\u0000', ''])}":${value}`,
    ],
    [0.5, () => Array.from({ length: 500 }, (_, n) => `"${marker}${n}":0`).join(',')],
  ]);
}

function fieldNames({ requestBody }: DocumentedOperation): readonly string[] {
  return Object.keys(resolved(requestBody?.content['application/json'].schema ?? {}).properties ?? {});
}

function resolved(schema: Schema): Schema {
  return schema.$ref === undefined
    ? schema
    : (API_DOCUMENT.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});
}

function headersFor(random: Random, target: Target, body: Buffer | null): Record<string, string> {
  return {
    ...authorization(random, target),
    ...(body !== null && {
      'content-type': random.chance(0.9)
        ? 'application/json'
        : random.pick([
            'text/plain',
            'application/json; charset=utf-16',
            'application/x-www-form-urlencoded',
            'multipart/form-data; boundary=a',
            'application/json;;;',
            'a',
            'application/json, application/json',
            'application/vnd.api+json',
          ]),
      ...(random.chance(0.9) ? { 'content-length': String(body.length) } : { 'transfer-encoding': 'chunked' }),
    }),
    ...(random.chance(0.1) && oddHeader(random, target)),
  };
}

function authorization(random: Random, { secret, otherSecrets, marker }: Target): Record<string, string> {
  const bad = secret.slice(0, -1) + (secret.endsWith('0') ? '1' : '0');
  return random.oneOf<Record<string, string>>([
    [30, () => ({ authorization: `Bearer ${secret}` })],
    [1, () => ({})],
    [1, () => ({ authorization: `Bearer ${random.pick(otherSecrets)}` })],
    [1, () => ({ authorization: `bEaReR   ${secret}` })],
    [
      1,
      () => ({
        authorization: random.pick([
          `Bearer ${bad}`,
          'Bearer',
          'Bearer ',
          `Basic ${marker}`,
          `Bearer ${secret}, Bearer ${secret}`,
          `Bearer ${'x'.repeat(8_000)}`,
          `Bearer\t${secret}`,
          'Bearer \x80\xff',
          `Token token="${secret}"`,
        ]),
      }),
    ],
  ]);
}

function oddHeader(random: Random, { marker }: Target): Record<string, string> {
  return random.pick<Record<string, string>>([
    { accept: 'text/html' },
    { accept: 'application/*;q=0' },
    { accept: ',;=,' },
    { 'content-encoding': 'gzip' },
    { 'content-encoding': 'identity, br' },
    { expect: '100-continue' },
    { expect: marker },
    { 'x-forwarded-for': '10.0.0.1, ::1' },
    { 'x-forwarded-for': "'); DROP TABLE api_keys" },
    { forwarded: `for="${marker}"` },
    { 'x-http-method-override': 'DELETE' },
    { 'x-request-id': marker.repeat(20) },
    { 'if-none-match': '*' },
    { 'if-modified-since': 'yesterday' },
    { range: 'bytes=0-1' },
    { cookie: `session=${marker}` },
    { origin: 'null' },
    { host: `${marker}.example` },
    { host: '' },
    { connection: 'close' },
    { connection: 'upgrade', upgrade: 'websocket' },
    { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' },
    { te: 'trailers' },
    { 'user-agent': `${marker}${'x'.repeat(10_000)}` },
    { 'accept-language': marker.repeat(3_000) },
  ]);
}
