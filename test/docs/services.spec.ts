import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KEYS, type MadeKey, send } from '../support/api-client.js';
import { type Fixture, startFixture } from '../support/fixtures.js';
import { endProcesses, makeFolder } from '../support/running-process.js';
import { itWithCurl } from '../support/curl.js';

const README = readFileSync('README.md', 'utf8');
const run = promisify(execFile);

/** The first code block of a language behind a text of the README. */
function blockAfter(text: string, language: string): string {
  const from = README.indexOf(text);
  const [, block] = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(README.slice(from)) ?? [];
  if (from === -1 || block === undefined) {
    throw new Error(`the README has no ${language} behind "${text}"`);
  }
  return block;
}

describe('what the README shows to services works when pasted:', () => {
  let fixture: Fixture;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    const token = 'a-token-of-the-readme-0123456789-abcdef';
    fixture = await startFixture({ env: { INTERNAL_TOKENS: `shop:${token}` } });
    env = { PATH: process.env.PATH, SECRET: fixture.root.secret, LATCHKEY_TOKEN: token };
  });
  afterAll(async () => {
    await fixture.app.close();
    await endProcesses();
  });

  /** A block, with the address at which this test's product listens. */
  const here = (block: string) => block.replaceAll('http://127.0.0.1:3001', fixture.app.internalUrl);

  it('verifying by fetch', async () => {
    const file = join(makeFolder(), 'verify.mjs');
    writeFileSync(file, here(blockAfter('<!-- verify -->', 'js')));
    const { stdout } = await run(process.execPath, [file], { env });
    expect(stdout.trim()).toBe(`true VALID ${fixture.organizationId} undefined`);
  });

  itWithCurl('introspecting by curl', async () => {
    const { stdout } = await run('sh', ['-c', here(blockAfter('**`POST /introspect`**', 'sh'))], { env });
    expect(JSON.parse(stdout)).toMatchObject({ active: true, sub: fixture.organizationId });
  });

  describe('revoking a leaked key with all that it created', () => {
    const family = async () => {
      const leaked = await fixture.createKey();
      const make = async (secret: string, label: string) =>
        (await fixture.clientOf({ secret }).create({ label })).body.data as MadeKey;
      const child = await make(leaked.secret, 'Child');
      const second = await make(leaked.secret, 'Second');
      const grandchild = await make(child.secret, 'Grandchild');
      const other = await fixture.createKey();
      return { leaked, child, second, grandchild, other };
    };
    const statusOf = async ({ secret }: MadeKey) =>
      (await send(fixture.app.url, 'GET', `${KEYS}/current`, { secret })).status;

    itWithCurl('by curl: the key, its children and theirs, and no other', async () => {
      const { leaked, child, second, grandchild, other } = await family();
      const commands = blockAfter('<!-- revoke -->', 'sh').replaceAll('http://127.0.0.1:3000', fixture.app.url);
      const { stdout } = await run('sh', ['-c', commands], { env: { ...env, LEAKED: leaked.id } });
      expect(stdout.trim().split('\n').sort()).toEqual([leaked, child, second, grandchild].map(({ id }) => id).sort());
      for (const key of [leaked, child, second, grandchild]) {
        expect(await statusOf(key)).toBe(401);
      }
      expect(await statusOf(other)).toBe(200);
    });

    it('by SQL, which finds those whose creator was deleted too', async () => {
      const { leaked, child, second, grandchild } = await family();
      await fixture.client.delete(child.id);
      const query = blockAfter('<!-- revoke -->', 'sql');
      const [example] = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(query) ?? [];
      const [rows] = await fixture.app.schema.connection.query(
        query.replace(example ?? '', leaked.id.replace('api_key_', '')),
      );
      expect(new Set((rows as MadeKey[]).map(({ id }) => id))).toEqual(
        new Set([leaked, second, grandchild].map(({ id }) => id)),
      );
    });
  });

  it("Spring's settings, whose client sends its id and secret by Basic", async () => {
    const settings = blockAfter('**`POST /introspect`**', 'yaml');
    const [, uri] = /introspection-uri: (\S+)/.exec(here(settings)) ?? [];
    const [, id] = /client-id: (\S+)/.exec(settings) ?? [];
    const response = await fetch(uri ?? '', {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${id ?? ''}:${env.LATCHKEY_TOKEN ?? ''}`).toString('base64')}` },
      body: new URLSearchParams({ token: fixture.root.secret }),
    });
    expect([response.status, await response.json()]).toEqual([200, expect.objectContaining({ active: true })]);
  });
});
