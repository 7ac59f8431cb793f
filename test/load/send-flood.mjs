/*
 * Sends one request again and again over many connections, for so many seconds, as a process of its own: it must not share the
 * event loop of what it floods, or of what measures. Told by JSON in its argument; prints how many answers of each status came.
 */
import { Agent, request } from 'node:http';

const { url, method, secret, body, connections, seconds } = JSON.parse(process.argv[2]);
const agent = new Agent({ keepAlive: true, maxSockets: connections });
const headers = {
  authorization: `Bearer ${secret}`,
  ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
};
const deadline = performance.now() + seconds * 1_000;
const statuses = {};

await Promise.all(Array.from({ length: connections }, flood));
process.stdout.write(JSON.stringify(statuses));
process.exit(0);

async function flood() {
  while (performance.now() < deadline) {
    const status = await send();
    statuses[status] = (statuses[status] ?? 0) + 1;
  }
}

/** What came, or that nothing did until the end. */
function send() {
  return new Promise((resolve) => {
    const end = setTimeout(resolve, deadline - performance.now(), 'unfinished');
    const settle = (status) => {
      clearTimeout(end);
      resolve(status);
    };
    const outgoing = request(url, { agent, method, headers }, (response) => {
      response.resume();
      response.on('end', () => settle(response.statusCode));
      response.on('error', () => settle('broken'));
    });
    outgoing.on('error', (error) => settle(error.code));
    outgoing.end(body);
  });
}
