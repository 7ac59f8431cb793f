/*
 * A load generator with a fixed rate (open loop): each request has a moment at which it is due, and its latency is counted
 * from then, so that a server which stalls pays for all that had to wait. Prints JSON.
 * Arguments: URL, requests a second, how many, file of secrets, how many of them; for `POST /verify` the token of the internal doors.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';

const [url, rate, total, file, keys, token] = process.argv.slice(2);
const secrets = readFileSync(file, 'utf8').split('\n').slice(0, Number(keys));
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const latencies = [];
let failed = 0;
const begun = performance.now();

function send(number, dueMs) {
  const settle = (good) => {
    latencies.push(performance.now() - dueMs);
    if (!good) failed += 1;
    if (latencies.length === Number(total)) report();
  };
  const { body, ...options } = asked(secrets[number % secrets.length]);
  request(url, { agent, ...options }, (response) => {
    response.resume().once('end', () => settle(response.statusCode === 200));
  })
    .once('error', () => settle(false))
    .end(body);
}

function asked(secret) {
  if (token === undefined) return { headers: { Authorization: `Bearer ${secret}` } };
  const body = JSON.stringify({ secret, client_ip: '127.0.0.1', scopes: ['products.read'] });
  const headers = {
    Authorization: `Bearer ${token}`,
    'Content-Type': 'application/json',
    'Content-Length': body.length,
  };
  return { method: 'POST', headers, body };
}

/** A millisecond coarse, the same for all: a generator that span for more would take the database's core. */
function sendDue(next) {
  const dueMs = (number) => begun + (number * 1_000) / Number(rate);
  let number = next;
  for (; number < Number(total) && dueMs(number) <= performance.now(); number += 1) send(number, dueMs(number));
  if (number < Number(total)) setTimeout(sendDue, 1, number);
}

function report() {
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  const perSecond = (latencies.length * 1_000) / (performance.now() - begun);
  console.log(JSON.stringify({ p50: at(0.5), p99: at(0.99), p999: at(0.999), failed, perSecond }));
  agent.destroy();
}

sendDue(0);
