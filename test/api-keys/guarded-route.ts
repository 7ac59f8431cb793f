import { SCOPES, type Scope } from '../../src/common/access/scope.js';
import { newId } from '../../src/common/prefixed-id.js';
import { formatSecret } from '../../src/secrets/secret-format.js';
import { type Answer, KeysClient } from '../support/api-client.js';
import type { Fixture } from '../support/fixtures.js';
import { expectFailure, insufficientScope, invalidToken, REALM } from '../support/expect-answer.js';
import { recordQueries } from '../support/query-log.js';

/** One of the five routes, as the tests that all of them share need it. */
export interface GuardedRoute {
  readonly scope: Scope;
  /** A request that the route would grant to a key that may. */
  call(client: KeysClient, fixture: Fixture): Promise<Answer>;
  /** A request that is wrong in all else too. */
  callBadly(client: KeysClient): Promise<Answer>;
}

/** A well-formed secret that was never issued. */
export const unknownSecret = () => formatSecret('sk_live_', Buffer.alloc(16, 7), Buffer.alloc(24, 9));

/** The 401 and 403 responses that every route of the keys has. */
export function describeGuards(fixtureOf: () => Fixture, route: GuardedRoute): void {
  const others = SCOPES.filter((scope) => scope !== route.scope);

  describe('who gets in', () => {
    it('asks for a key when none came, before it looks at anything else', async () => {
      const fixture = fixtureOf();
      const answers = [
        await route.call(fixture.clientOf(undefined), fixture),
        await route.callBadly(fixture.clientOf(undefined)),
      ];
      for (const answer of answers) {
        expectFailure(answer, 401, { error: /Authorization: Bearer <secret>/, challenge: REALM });
      }
    });

    it('refuses a secret that was never issued', async () => {
      const fixture = fixtureOf();
      expectFailure(await route.callBadly(fixture.clientOf({ secret: unknownSecret() })), 401, {
        error: 'This API key is not valid.',
        challenge: invalidToken('This API key is not valid.'),
      });
    });

    it(`refuses a key that has every scope but ${route.scope}, and names it, before it looks at anything else`, async () => {
      const fixture = fixtureOf();
      const client = fixture.clientOf(await fixture.createKey({ scopes: others }));
      for (const answer of [await route.call(client, fixture), await route.callBadly(client)]) {
        expectFailure(answer, 403, {
          error: `This API key lacks the scope ${route.scope}.`,
          challenge: insufficientScope(route.scope),
        });
      }
    });

    it('refuses a key that may not be used from the address of the caller, before it looks at anything else', async () => {
      const fixture = fixtureOf();
      const client = fixture.clientOf(await fixture.createKey({ ip_allow_list: ['203.0.113.0/24', '::/0'] }));
      for (const answer of [await route.call(client, fixture), await route.callBadly(client)]) {
        expectFailure(answer, 403, {
          error: "This API key may not be used from your address: it is outside the key's ip_allow_list.",
          challenge: REALM,
        });
      }
    });

    it(`lets a key in that has ${route.scope} alone and the address of the caller alone`, async () => {
      const fixture = fixtureOf();
      const client = fixture.clientOf(await fixture.createKey({ scopes: [route.scope], ip_allow_list: ['127.0.0.1'] }));
      expect((await route.call(client, fixture)).status).toBe(200);
    });
  });
}

/** The 404 responses of the routes of one key, and 400 for a malformed id. */
export function describeMissing(
  fixtureOf: () => Fixture,
  call: (client: KeysClient, id: string) => Promise<Answer>,
): void {
  describe('a key that is not there', () => {
    it("is unknown, deleted or another organization's: the answer is the same but for the ids", async () => {
      const { createMissing, client } = fixtureOf();
      for (const { id } of await createMissing()) {
        const answer = await call(client, id);
        expectFailure(answer, 404, { error: `There is no API key ${id}.` });
        expect(shapeOf(answer)).toEqual(shapeOf(await call(client, newId('api_key_'))));
      }
    });

    it("is unknown, deleted or another organization's: the work is the same, statement by statement", async () => {
      const { app, client, createMissing } = fixtureOf();
      const missing = await createMissing();
      await call(client, newId('api_key_'));
      const work: string[][] = [];
      for (const { id } of missing) {
        work.push((await recordQueries(app, () => call(client, id))).map(withoutValues));
      }
      const [unknown, deleted, foreign] = work;
      expect(unknown?.length).toBeGreaterThan(0);
      expect(deleted).toEqual(unknown);
      expect(foreign).toEqual(unknown);
    });

    it('of another organization stays as it was', async () => {
      const { createForeignKey, client, clientOf } = fixtureOf();
      const foreign = await createForeignKey();
      await call(client, foreign.id);
      const { data } = (await clientOf(foreign).get(foreign.id)).body;
      expect(data).toMatchObject({ id: foreign.id, label: foreign.label, updated_at: null });
    });
  });

  describe('what is no id of a key', () => {
    it.each([
      ['a text', 'nonsense'],
      ['the UUID alone', '0197c0f1-9589-7990-b421-4b806f637b0c'],
      ['the id of something else', 'org_0197c0f1-9589-7990-b421-4b806f637b0c'],
      ['in capitals', 'api_key_0197C0F1-9589-7990-B421-4B806F637B0C'],
      ['without hyphens', 'api_key_0197c0f195897990b4214b806f637b0c'],
      ['of another UUID version', 'api_key_0197c0f1-9589-4990-b421-4b806f637b0c'],
      ['with more behind it', 'api_key_0197c0f1-9589-7990-b421-4b806f637b0c0'],
      ['with a line end behind it', 'api_key_0197c0f1-9589-7990-b421-4b806f637b0c%0A'],
      ['with a NUL in it', 'api_key_%000197c0f1-9589-7990-b421-4b806f637b0'],
      ['made for SQL', "api_key_'%20OR%201=1--%20"],
    ])('is refused: %s', async (_, id) => {
      expectFailure(await call(fixtureOf().client, id), 400, {
        error: 'The request is invalid. See validator for the field to fix.',
        validator: { id: 'must be the id of an API key: api_key_ followed by a UUIDv7 in lower case' },
      });
    });
  });
}

function shapeOf({ status, headers, body }: Answer): unknown {
  const varying = new Set(['date', 'x-request-id', 'keep-alive', 'content-length']);
  return {
    status,
    headers: [...headers].filter(([name]) => !varying.has(name)),
    body: JSON.stringify(body).replace(/(api_key_|req_|support_)[0-9a-f-]{36}/g, '$1'),
  };
}

function withoutValues(statement: string): string {
  return statement.replace(/X'[0-9a-f]+'/gi, '?').replace(/'[^']*'/g, '?');
}
