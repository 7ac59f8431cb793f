import { type Fixture, startFixture } from '../support/fixtures.js';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture.app.close());

const UNKNOWN = { status: 400 };

// An unknown field is refused by name. Names that every object inherits used to count as known.
describe.each(['hasOwnProperty', 'toString', 'valueOf', 'isPrototypeOf', 'toLocaleString', '__defineGetter__'])(
  'a field called %s',
  (name) => {
    test('is refused in a body', async () => {
      const answer = await fixture.client.create({ label: 'x', scopes: ['invoices.read'], [name]: 1 });
      expect(answer).toMatchObject(UNKNOWN);
      expect(Object.keys((answer.body as { validator: object | null }).validator ?? {})).toEqual([name]);
    });
    test('is refused in a query', async () => {
      expect(await fixture.client.list(`?${name}=1`)).toMatchObject(UNKNOWN);
    });
  },
);

test.each(['__proto__', 'constructor', 'prototype'])('%s is refused in a query, as in a body', async (name) => {
  expect(await fixture.client.list(`?${name}=1`)).toMatchObject(UNKNOWN);
});
