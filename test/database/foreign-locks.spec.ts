import { createConnection } from 'mysql2/promise';
import { idToBytes } from '../../src/common/prefixed-id.js';
import { type Fixture, startFixture } from '../support/fixtures.js';
import { connectionOptions, testServerUrl } from '../support/schema.js';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture.app.close());

/**
 * The response while another transaction holds the row of a key, or undefined if the product waits
 * for the row.
 */
async function whileRowIsHeld<T>(id: string, act: () => Promise<T>): Promise<T | undefined> {
  const { name } = fixture.app.schema;
  const holder = await createConnection({ ...connectionOptions(testServerUrl()), database: name });
  try {
    await holder.beginTransaction();
    await holder.query('SELECT id FROM api_keys WHERE id = ? FOR UPDATE', [idToBytes('api_key_', id)]);
    const acting = act();
    const answer = await Promise.race([
      acting,
      new Promise<undefined>((resolve) => setTimeout(resolve, 1_000, undefined)),
    ]);
    await holder.rollback();
    await acting;
    return answer;
  } finally {
    await holder.end();
  }
}

// A request that waits for the row of another organization's key reveals that the key exists, and
// delays every change and revocation of that key.
describe("another organization's key, held by a transaction of its own organization", () => {
  test.each(['update', 'delete'] as const)('%s answers at once that there is none', async (method) => {
    const foreign = await fixture.createForeignKey();
    const answer = await whileRowIsHeld(foreign.id, () =>
      method === 'update' ? fixture.client.update(foreign.id, { label: 'x' }) : fixture.client.delete(foreign.id),
    );
    expect(answer?.status).toBe(404);
  });
});
