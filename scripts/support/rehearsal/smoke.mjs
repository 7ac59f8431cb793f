import { Failure } from '../failure.mjs';

/** Runs in the container, where the internal API is reachable without a token. */
const POST_VERIFY = `
  const [url, secret] = process.argv.slice(1);
  const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ secret }) };
  fetch(url, init).then((answer) => answer.text()).then(console.log)`;

/**
 * Makes the first organization and key, as docker-compose.yml says; creates and lists keys with it
 * over the API, and verifies the new key.
 *
 * @param {(command: string[]) => Promise<string>} exec runs a command in the container of the
 * service and gives its standard output
 * @param {string} origin of the public API
 * @throws {Failure} with the answer that is not as expected
 */
export async function smokeTest(exec, origin) {
  const cli = async (/** @type {string[]} */ ...args) => JSON.parse(await exec(['node', 'dist/src/cli.js', ...args]));
  const organization = await cli('create-organization', '--name', 'Acme');
  const scopes = 'api_keys.create,api_keys.read';
  const first = await cli('create-key', '--organization', organization.id, '--label', 'Root', '--scopes', scopes);
  const headers = { Authorization: `Bearer ${first.secret}`, 'Content-Type': 'application/json' };
  const send = async (/** @type {RequestInit} */ init) => {
    const answer = await fetch(`${origin}/developers/api_keys`, { headers, ...init });
    return expect(answer.status === 200, await answer.text());
  };

  const { data: created } = await send({ method: 'POST', body: '{"label":"Created by the smoke test"}' });
  const list = await send({});
  expect(
    list.data.some((/** @type {{ id: string }} */ { id }) => id === created.id),
    JSON.stringify(list),
  );
  const output = await exec(['node', '-e', POST_VERIFY, 'http://127.0.0.1:3001/verify', created.secret]);
  expect(JSON.parse(output).data?.code === 'VALID', output);
}

/** @param {boolean} isExpected @param {string} answer */
function expect(isExpected, answer) {
  if (!isExpected) throw new Failure(`The service did not answer as expected: ${answer}`);
  return JSON.parse(answer);
}
