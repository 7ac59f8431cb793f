import { connect } from 'node:net';
import { KEYS } from '../support/api-client.js';

/** One request that has a secret where it does not belong. */
export interface Misuse {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A secret in every place of a request that is read, checked or quoted. */
export function misuses(secret: string, keyId: string): Misuse[] {
  const post = (body: unknown, headers?: Misuse['headers']): Misuse => ({
    method: 'POST',
    path: KEYS,
    body,
    ...(headers !== undefined && { headers }),
  });
  const get = (path: string, headers?: Misuse['headers']): Misuse => ({
    method: 'GET',
    path,
    ...(headers !== undefined && { headers }),
  });
  const percentEncoded = Buffer.from(secret)
    .toString('hex')
    .replace(/../g, (hex) => `%${hex}`);
  return [
    ...[secret, `my key is ${secret}, is it not`, secret + 'x'.repeat(300), `${'x'.repeat(260)}${secret}`].map(
      (label) => post({ label }),
    ),
    post({ label: 'a', description: secret }),
    post({ label: 'a', description: `${secret}${'x'.repeat(1_000)}` }),
    post({ label: [secret] }),
    post({ label: { [secret]: secret } }),
    post({ label: 'a', [secret]: secret }),
    post({ label: 'a', [`before_${secret}_after`]: { [secret]: [secret] } }),
    post({ label: 'a', scopes: [secret] }),
    post({ label: 'a', scopes: secret }),
    post({ label: 'a', ip_allow_list: [secret] }),
    post({ label: 'a', ip_allow_list: [`10.0.0.0/${secret}`] }),
    post({ label: 'a', expires_at: secret }),
    post(`{"label": "${secret}"`),
    post(`{"label": ${secret}}`),
    post(`{"label": "a", "__proto__": {"x": "${secret}"}}`),
    post(`{"${secret}": {"__proto__": 1}}`),
    post(`"${secret}"`),
    post(`["${secret}"]`),
    post(`label=${secret}`, { 'content-type': 'application/x-www-form-urlencoded' }),
    post({ label: 'a' }, { 'content-type': `application/json; charset=${secret}` }),
    post({ label: 'a' }, { 'content-type': secret }),
    post({ label: 'a' }, { 'content-encoding': secret }),
    { method: 'PUT', path: `${KEYS}/${keyId}`, body: { label: secret } },
    { method: 'PUT', path: `${KEYS}/${keyId}`, body: { label: 'a', [secret]: 1 } },
    { method: 'DELETE', path: `${KEYS}/${secret}`, body: { secret } },
    get(`${KEYS}?secret=${secret}`),
    get(`${KEYS}?${secret}=1`),
    get(`${KEYS}?limit=${secret}`),
    get(`${KEYS}?after=${secret}&limit=1`),
    get(`${KEYS}?status=${secret}`),
    get(`${KEYS}?access_token=${secret}`),
    get(`${KEYS}/${secret}`),
    get(`${KEYS}/${percentEncoded}`),
    get(`${KEYS}/${secret}%zz`),
    get(`/${secret}`),
    get(`/docs/${secret}`),
    get(`/health/ready?${secret}`),
    get('/developers/api_keys', { accept: secret }),
    get('/developers/api_keys', { accept: `text/html; q=${secret}` }),
    get(KEYS, {
      'user-agent': secret,
      referer: `https://example.com/?key=${secret}`,
      origin: secret,
      cookie: `key=${secret}`,
      'x-forwarded-for': secret,
      'x-request-id': secret,
      'x-api-key': secret,
      traceparent: secret,
      forwarded: `for=${secret}`,
      host: secret,
    }),
    get(KEYS, { expect: secret }),
    { method: 'PATCH', path: `${KEYS}/${secret}` },
    { method: 'OPTIONS', path: `/${secret}` },
  ];
}

/** A secret in every way to present one that is not `Authorization: Bearer <secret>`. */
export function oddCredentials(secret: string): string[] {
  const checksumOff = secret.slice(0, -1) + (secret.endsWith('0') ? '1' : '0');
  return [
    `Basic ${Buffer.from(`api:${secret}`).toString('base64')}`,
    `Basic ${Buffer.from(`${secret}:`).toString('base64url')}`,
    `Token ${secret}`,
    secret,
    `Bearer${secret}`,
    `Bearer ${secret} ${secret}`,
    `Bearer ${secret}${secret}`,
    `Bearer "${secret}"`,
    `Bearer ${checksumOff}`,
    `Bearer ${secret.slice(0, -1)}`,
    `Bearer ${secret.replace('sk_live_', 'sk_test_')}`,
    `Bearer ${secret.slice('sk_live_'.length)}`,
  ];
}

/** Bytes that no HTTP client would send, and all that the server sends back. */
export async function sendRaw(url: string, secret: string): Promise<string> {
  const texts = [
    `${secret}\r\n\r\n`,
    `GET ${secret} HTTP/1.1\r\nHost: x\r\n\r\n`,
    `GET http://${secret}:${secret}@x/${secret} HTTP/1.1\r\nHost: x\r\n\r\n`,
    `CONNECT ${secret}:443 HTTP/1.1\r\nHost: ${secret}\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: x\r\n${secret}\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: x\r\nX: ${secret.repeat(400)}\r\n\r\n`,
    `GET ${KEYS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${secret}\r\nAuthorization: Bearer ${secret}\r\nConnection: close\r\n\r\n`,
    `POST ${KEYS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${secret}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${secret}\r\n`,
    `POST ${KEYS} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: ${secret}\r\n\r\n${secret}`,
  ];
  return (await Promise.all(texts.map((text) => sendBytes(url, text)))).join('\n');
}

function sendBytes(url: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text));
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    socket.setTimeout(700, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve(answer);
    });
  });
}

/** The same at the internal listener, where a secret belongs in the body of a request. */
export function internalMisuses(secret: string): Misuse[] {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const bearer = { authorization: `Bearer ${secret}` };
  const post = (path: string, body: unknown, headers: Misuse['headers'] = {}): Misuse => ({
    method: 'POST',
    path,
    body,
    headers,
  });
  const get = (path: string, headers: Misuse['headers'] = {}): Misuse => ({ method: 'GET', path, headers });
  return [
    post('/verify', { secret }),
    post('/verify', { secret: `${secret} ` }),
    post('/verify', { secret, client_ip: secret, scopes: [secret] }),
    post('/verify', { secret: 1, [secret]: secret }),
    post('/verify', `{"secret":"${secret}"`),
    post('/verify', secret),
    post(`/verify?secret=${secret}`, { secret: 'x' }, bearer),
    post(`/${secret}`, { secret }),
    post('/verify/batch', { requests: [{ secret }, { secret, client_ip: secret }, secret] }),
    post('/verify/batch', { [secret]: [{ secret }] }),
    post('/introspect', `token=${secret}`, form),
    post('/introspect', `token=${secret}&client_ip=${secret}`, form),
    post('/introspect', `token=${secret}&token=${secret}`, form),
    post(`/introspect?token=${secret}`, { token: secret }),
    get('/forward-auth?scopes=', bearer),
    get(`/forward-auth?scopes=${secret}`, bearer),
    get(`/forward-auth?scopes=&token=${secret}`, { authorization: secret, 'x-latchkey-token': secret }),
    get(`/forward-auth/envoy/${secret}?${secret}`, { ...bearer, 'x-latchkey-scopes': secret }),
    get(`/forward-auth/envoy/${secret}`, { ...bearer, 'x-latchkey-scopes': '', 'x-real-ip': secret }),
    get(`/metrics?${secret}`, bearer),
    get(`/health/ready?${secret}`, bearer),
  ];
}
