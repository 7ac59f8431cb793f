/*
 * The least that node:http can do: reads the request to its end and answers with the same bytes
 * that Latchkey answers, always the same ones. Neither looks at anything nor writes a log.
 */
import { createServer } from 'node:http';
import { SAMPLE_KEY } from './sample-key.mjs';

const { id, organization_id, label, scopes, expires_at } = SAMPLE_KEY;
const REQUEST_ID = 'req_0197c0f1-9589-7990-b421-4b806f637b0c';
const COMMON = ['Cache-Control', 'no-store', 'X-Content-Type-Options', 'nosniff', 'X-Request-Id', REQUEST_ID];
const verified = JSON.stringify({
  status: 200,
  data: { valid: true, code: 'VALID', api_key: { id, organization_id, label, scopes, expires_at } },
  error: null,
  log: null,
  validator: null,
  support_id: 'support_0197c0f1-9589-7990-b421-4b806f637b0d',
  message: 'Verification completed',
  env: 'production',
});
const VERIFY_HEADERS = [
  'Content-Type',
  'application/json; charset=utf-8',
  'Content-Length',
  String(verified.length),
  ...COMMON,
];
const FORWARD_AUTH_HEADERS = [
  'X-Organization-Id',
  organization_id,
  'X-Api-Key-Id',
  id,
  'X-Api-Key-Scopes',
  scopes.join(' '),
  'Content-Length',
  '0',
  ...COMMON,
];

const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    if (request.method === 'POST') response.writeHead(200, VERIFY_HEADERS).end(verified);
    else response.writeHead(200, FORWARD_AUTH_HEADERS).end();
  });
});
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('disconnect', () => process.exit());
