/*
 * A load generator with a fixed rate (open loop): each request has a moment at which it is due, and
 * its latency is counted from then, so that a server which stalls pays for all that had to wait.
 * Prints JSON. Arguments: URL, requests a second, how many, file of secrets, how many of them; for
 * `POST /verify` the token of the internal endpoints.
 *
 * By bare sockets, with all requests written beforehand: Node's own client takes longer over a
 * request than the server does.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

const CONNECTIONS = 64;
const END_OF_HEADERS = '\r\n\r\n';
const [url, rate, total, file, keys, token] = process.argv.slice(2);
const { hostname, port, host, pathname } = new URL(url);
const requests = readFileSync(file, 'utf8').split('\n').slice(0, Number(keys)).map(requestText);
const latencies = [];
/** When each of the requests was due that no connection was free for. */
const waiting = [];
const idle = [];
let [failed, sent] = [0, 0];

function requestText(secret) {
  const body = JSON.stringify({ secret, client_ip: '127.0.0.1', scopes: ['products.read'] });
  const asked =
    token === undefined
      ? [`GET ${pathname} HTTP/1.1`, `Authorization: Bearer ${secret}`]
      : [
          `POST ${pathname} HTTP/1.1`,
          `Authorization: Bearer ${token}`,
          'Content-Type: application/json',
          `Content-Length: ${body.length}`,
        ];
  return [...asked, `Host: ${host}`].join('\r\n') + END_OF_HEADERS + (token === undefined ? '' : body);
}

/** One connection: a request at a time. */
class Wire {
  #socket = connect(Number(port), hostname).setEncoding('latin1').setNoDelay(true);
  #received = '';
  #dueMs;

  async open() {
    await new Promise((resolve, reject) => this.#socket.once('connect', resolve).once('error', reject));
    this.#socket.on('data', (text) => this.#receive(text));
    this.#socket.on('close', () => {
      if (latencies.length < Number(total)) throw new Error('the server has closed a connection');
    });
  }

  send(dueMs) {
    this.#dueMs = dueMs;
    this.#socket.write(requests[sent++ % requests.length]);
  }

  close() {
    this.#socket.destroy();
  }

  #receive(text) {
    this.#received += text;
    const headersEnd = this.#received.indexOf(END_OF_HEADERS);
    if (headersEnd === -1) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.#received)?.[1]);
    if (this.#received.length < headersEnd + END_OF_HEADERS.length + length) return;
    const good = this.#received.startsWith('HTTP/1.1 200 ');
    this.#received = '';
    this.#settle(good);
  }

  #settle(good) {
    latencies.push(performance.now() - this.#dueMs);
    if (!good) failed += 1;
    if (latencies.length === Number(total)) return report();
    if (waiting.length > 0) this.send(waiting.shift());
    else idle.push(this);
  }
}

/**
 * A millisecond coarse, the same for all: a generator that span for more would take the database's
 * core.
 */
function sendDue(number) {
  const dueMs = (place) => begun + (place * 1_000) / Number(rate);
  for (; number < Number(total) && dueMs(number) <= performance.now(); number += 1) {
    const wire = idle.pop();
    if (wire === undefined) waiting.push(dueMs(number));
    else wire.send(dueMs(number));
  }
  if (number < Number(total)) setTimeout(sendDue, 1, number);
}

function report() {
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  const perSecond = (latencies.length * 1_000) / (performance.now() - begun);
  console.log(JSON.stringify({ p50: at(0.5), p99: at(0.99), p999: at(0.999), failed, perSecond }));
  for (const wire of wires) wire.close();
}

const wires = Array.from({ length: CONNECTIONS }, () => new Wire());
await Promise.all(wires.map((wire) => wire.open()));
idle.push(...wires);
const begun = performance.now();
sendDue(0);
