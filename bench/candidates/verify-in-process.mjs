/*
 * The product's verifier, called in a loop in its own process. Prints calls a second, and where
 * their time goes, as JSON.
 */
import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { importProduct } from '../support/product.mjs';
import { digest } from '../support/profile.mjs';

const [file, keys, calls] = process.argv.slice(2);
const { loadConfig } = await importProduct('config/load-config.js');
const { createApp } = await importProduct('app/create-app.js');
const { start, stop } = await importProduct('app/lifecycle.js');
const { Verifier } = await importProduct('verification/verifier.js');
const { SCOPE_CATALOGUE } = await importProduct('common/access/scope.js');
const { parseIpAddress } = await importProduct('common/net/ip-address.js');

const app = await createApp(loadConfig());
await start(app);
const verifier = app.get(Verifier);
const secrets = readFileSync(file, 'utf8').split('\n').slice(0, Number(keys));
const attempt = { scopes: SCOPE_CATALOGUE.setOf(['products.read']), address: parseIpAddress('127.0.0.1') };

async function verify(count) {
  const begun = performance.now();
  for (let call = 0; call < count; call += 1) {
    const { code } = await verifier.verify({ secret: secrets[call % secrets.length], attempt }, { endpoint: 'verify' });
    if (code !== 'VALID') throw new Error(`a good key was found ${code}`);
  }
  return (count * 1_000) / (performance.now() - begun);
}

await verify(20 * secrets.length);
const perSecond = await verify(Number(calls));
// Once more for the profile, which costs some of the speed.
const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.start');
await verify(Number(calls));
const { profile } = await session.post('Profiler.stop');
process.stdout.write(JSON.stringify({ perSecond, profile: digest(profile) }));
await stop(app);
process.exit(0);
