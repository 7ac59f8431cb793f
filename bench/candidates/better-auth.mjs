/*
 * better-auth's API-key plugin, verifying in Express by its own server-side API. No log line, no
 * ids: what it does not do costs it nothing.
 */
import express from 'express';
import { createPool } from 'mysql2/promise';
import { authOn } from './better-auth-set-up.mjs';

const BEARER = 'Bearer '.length;

const auth = authOn(
  createPool({ uri: process.env.DATABASE_URL, socketPath: process.env.DATABASE_SOCKET, timezone: 'Z' }),
);
const app = express();
app.get('/developers/api_keys/current', async (request, response) => {
  const secret = (request.get('authorization') ?? '').slice(BEARER);
  const { valid, error, key } = await auth.api.verifyApiKey({ body: { key: secret } });
  if (valid) response.json({ status: 200, data: key, error: null });
  else response.status(401).json({ status: 401, data: null, error });
});
app.listen(Number(process.env.PORT), '127.0.0.1');
process.on('disconnect', () => process.exit());
