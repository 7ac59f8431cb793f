/*
 * Sends one request repeatedly over many connections for a number of seconds. In its own process:
 * it must not share the event loop of the service that it floods, or of the test that measures. The
 * argument is JSON; the output is the number of responses of each status.
 */
import { Agent, request } from 'node:http';

const { url, method, secret, body, connections, seconds } = JSON.parse(process.argv[2] ?? '{}');
const agent = new Agent({ keepAlive: true, maxSockets: connections });
const headers = {
  authorization: `Bearer ${secret}`,
  ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
};
const deadline = performance.now() + seconds * 1_000;
/** @type {Record<string, number>} */
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

/** @returns {Promise<string>} the status, the code of the error, or "unfinished" at the deadline */
function send() {
  return new Promise((resolve) => {
    const end = setTimeout(resolve, deadline - performance.now(), 'unfinished');
    /** @param {string | number | undefined} status */
    const settle = (status) => {
      clearTimeout(end);
      resolve(String(status));
    };
    const outgoing = request(url, { agent, method, headers }, (response) => {
      response.resume();
      response.on('end', () => settle(response.statusCode));
      response.on('error', () => settle('broken'));
    });
    outgoing.on('error', (/** @type {NodeJS.ErrnoException} */ error) => settle(error.code));
    outgoing.end(body);
  });
}
