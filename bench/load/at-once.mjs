/*
 * Creates keys, so many requests at a time, for so many seconds. Counted like `bcrypt-alone.mjs`:
 * the last ones are waited for, which matters where one takes a tenth of a second. Prints answers a
 * second.
 */
import { Agent, request } from 'node:http';

const [url, secret, seconds, atOnce] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Number(atOnce) });
const body = JSON.stringify({ label: 'Made by the benchmark', scopes: ['products.read'] });
const headers = {
  Authorization: `Bearer ${secret}`,
  'Content-Type': 'application/json',
  'Content-Length': Buffer.byteLength(body),
};
const begun = performance.now();
let created = 0;

function create() {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      if (Number(response.statusCode) < 300) response.once('end', resolve);
      else reject(new Error(`answered ${response.statusCode}`));
    });
    sent.once('error', reject).end(body);
  });
}

async function createOn() {
  while (performance.now() - begun < Number(seconds) * 1_000) {
    await create();
    created += 1;
  }
}
await Promise.all(Array.from({ length: Number(atOnce) }, createOn));
process.stdout.write(String((created * 1_000) / (performance.now() - begun)));
agent.destroy();
