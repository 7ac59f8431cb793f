import { KEYS } from '../support/api-client.js';
import type { Target } from './hostile-requests.js';
import type { Random } from './random.js';

/** What is written on a bare socket. */
export interface HostileBytes {
  /** Written one after the other, each in a packet of its own. */
  readonly pieces: readonly string[];
  /**
   * Whether the client sends FIN after the last piece. Otherwise it keeps the connection open until
   * the server's timeout.
   */
  readonly end: boolean;
}

type Maker = (random: Random, target: Target) => string;

const CRLF = '\r\n';

const head = (line: string, headers: readonly string[]): string => [line, ...headers, '', ''].join(CRLF);
const bearer = ({ secret }: Target) => `Authorization: Bearer ${secret}`;
const get = (target: Target, ...more: string[]) =>
  head(`GET ${KEYS}?limit=1 HTTP/1.1`, ['Host: a', bearer(target), ...more]);
const post = (target: Target, ...more: string[]) =>
  head(`POST ${KEYS} HTTP/1.1`, ['Host: a', bearer(target), 'Content-Type: application/json', ...more]);
const bodyOf = ({ marker }: Target) => `{"label":"${marker}","extra":1}`;
const chunk = (text: string) => `${text.length.toString(16)}${CRLF}${text}${CRLF}`;

/** Requests that are framed wrongly, or oddly, or not at all. */
const WHOLE: readonly Maker[] = [
  // Two lengths, or two ways to give the length: request smuggling.
  (_, target) => `${post(target, 'Content-Length: 5', 'Content-Length: 7')}12345`,
  (_, target) => `${post(target, 'Content-Length: 5, 5')}12345`,
  (_, target) => `${post(target, 'Content-Length: 5', 'Transfer-Encoding: chunked')}0${CRLF}${CRLF}${get(target)}`,
  (_, target) =>
    `${post(target, 'Transfer-Encoding: chunked', 'Content-Length: 4')}${chunk(bodyOf(target))}0${CRLF}${CRLF}`,
  (_, target) => `${post(target, 'Transfer-Encoding: chunked, chunked')}${chunk('{}')}0${CRLF}${CRLF}`,
  (_, target) => `${post(target, 'Transfer-Encoding: xchunked')}${chunk('{}')}0${CRLF}${CRLF}`,
  (_, target) => `${post(target, 'Transfer-Encoding : chunked')}${chunk('{}')}0${CRLF}${CRLF}`,
  (_, target) => `${post(target, 'Transfer-Encoding: gzip, chunked')}${chunk('{}')}0${CRLF}${CRLF}`,
  (random, target) =>
    `${post(target, `Content-Length: ${random.pick(['-1', '+5', '0x5', '5e0', '', ' ', '99999999999999999999', '5;5', 'five'])}`)}12345`,
  // Chunks that are none.
  (random, target) =>
    `${post(target, 'Transfer-Encoding: chunked')}${random.pick(['zz', '-5', '5 5', 'ffffffffffffffffff', '\u0000', '', '5;a=b;', '05'])}${CRLF}12345${CRLF}0${CRLF}${CRLF}`,
  (_, target) => `${post(target, 'Transfer-Encoding: chunked')}5${CRLF}1234567890${CRLF}0${CRLF}${CRLF}`,
  (_, target) =>
    `${post(target, 'Transfer-Encoding: chunked')}5;${'x'.repeat(40_000)}${CRLF}12345${CRLF}0${CRLF}${CRLF}`,
  (_, target) =>
    `${post(target, 'Transfer-Encoding: chunked')}${chunk(bodyOf(target))}0${CRLF}X: y${CRLF}Content-Length: 9${CRLF}${CRLF}`,
  (_, target) =>
    `${post(target, 'Transfer-Encoding: chunked')}${Array.from(bodyOf(target), chunk).join('')}0${CRLF}${CRLF}`,
  // Lines and headers.
  (random, target) =>
    head(`GET ${KEYS} HTTP/${random.pick(['1.0', '0.9', '1.2', '2.0', '3', '11', '1.1 x'])}`, [
      'Host: a',
      bearer(target),
    ]),
  (_, target) => `GET ${KEYS}${CRLF}${bearer(target)}${CRLF}${CRLF}`,
  (_, target) => head(`GET ${KEYS} HTTP/1.1`, [bearer(target)]),
  (_, target) => head(`GET ${KEYS} HTTP/1.1`, ['Host: a', 'Host: b', bearer(target)]),
  (_, target) => get(target, bearer(target)),
  (_, target) => get(target, ` folded: ${target.marker}`),
  (_, target) => get(target, `X: a\u0000b`),
  (_, target) => get(target, `X: a\rb`, `Y\u0001: c`, ': empty'),
  (_, target) => get(target).replaceAll(CRLF, '\n'),
  (random, target) => get(target, `X: ${target.marker}${'x'.repeat(random.pick([15_000, 17_000, 100_000]))}`),
  (_, target) => get(target, ...Array.from({ length: 3_000 }, (__, n) => `X${n}: ${n}`)),
  (random, target) =>
    head(`${random.pick(['get', 'G\u0000T', 'FOO', 'PRI', 'CONNECT', 'G'.repeat(50_000)])} * HTTP/1.1`, [
      'Host: a',
      bearer(target),
    ]),
  (random, { marker }) =>
    head(
      `GET ${random.pick([`/${'x'.repeat(30_000)}`, `//${marker}`, '*', 'a', `http://[${marker}/`, `/\u00ff\u00fe`, `/${KEYS}#${marker}`, '/a b', '\\', '?'])} HTTP/1.1`,
      ['Host: a'],
    ),
  (_, { marker }) => head(`CONNECT ${marker}.example:443 HTTP/1.1`, [`Host: ${marker}.example`]),
  (random) =>
    random.pick([
      '\u0000\u0001\u0002',
      '\r\n\r\n\r\n',
      '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001',
      'SSH-2.0-a\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '{"label":1}\r\n\r\n',
    ]),
  // Expectations.
  (_, target) => `${post(target, 'Expect: 100-continue', `Content-Length: ${bodyOf(target).length}`)}${bodyOf(target)}`,
  (_, target) => `${post(target, `Expect: ${target.marker}`, 'Content-Length: 2')}{}`,
  (_, target) => `${post(target, 'Expect: 100-continue', 'Expect: 100-continue', 'Content-Length: 2')}{}`,
  (_, target) =>
    `${head(`POST ${KEYS} HTTP/1.0`, [bearer(target), 'Expect: 100-continue', 'Content-Type: application/json', 'Content-Length: 2'])}{}`,
  // Pipelined: sent without waiting for a response.
  (random, target) => Array.from({ length: 2 + random.below(20) }, () => get(target)).join(''),
  (_, target) =>
    `${get(target)}${post(target, 'Content-Length: 2')}{}${get(target)}nonsense${CRLF}${CRLF}${get(target)}`,
  (_, target) => `${post(target, 'Content-Length: 100000')}${'x'.repeat(100_000)}${get(target)}`,
  (_, target) => `${get(target, 'Content-Length: 44')}${get(target)}`,
  (_, target) => `${get(target, 'Upgrade: websocket', 'Connection: Upgrade')}${get(target)}`,
];

/** Requests that never end. */
const UNFINISHED: readonly Maker[] = [
  () => '',
  () => 'GET / HT',
  (_, target) => KEYS.padEnd(20, target.marker),
  (_, target) => get(target).slice(0, -2),
  (_, target) => `${post(target, 'Content-Length: 1000')}{"label":"${target.marker}`,
  (_, target) => post(target, 'Content-Length: 10'),
  (_, target) => post(target, 'Expect: 100-continue', 'Content-Length: 10'),
  (_, target) => `${post(target, 'Transfer-Encoding: chunked')}5${CRLF}12`,
  (_, target) => `${post(target, 'Transfer-Encoding: chunked')}${chunk('{"label":1}')}`,
  (_, target) => `${get(target)}${post(target, 'Content-Length: 10')}1`,
  (_, target) => head(`POST ${KEYS} HTTP/1.1`, ['Host: a', 'Content-Length: 10', `X: ${target.marker}`]),
];

/** Bytes that a client sends and ends. */
export function hostileBytes(random: Random, target: Target): HostileBytes {
  const text = random.pick(WHOLE)(random, target);
  const cut = random.chance(0.1) ? text.slice(0, random.below(text.length)) : text;
  return { pieces: cutUp(random, cut), end: true };
}

/** Bytes after which a client falls silent. */
export function unfinishedBytes(random: Random, target: Target): HostileBytes {
  return { pieces: cutUp(random, random.pick(UNFINISHED)(random, target)), end: false };
}

function cutUp(random: Random, text: string): string[] {
  if (random.chance(0.6) || text.length < 2) {
    return [text];
  }
  const at = 1 + random.below(text.length - 1);
  return [text.slice(0, at), text.slice(at)];
}
