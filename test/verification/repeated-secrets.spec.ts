import { type Fixture, startFixture } from '../support/fixtures.js';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture.app.close());

// Not in an error either: error responses are stored and shown to other people.
const FORMS: readonly (readonly [string, (secret: string) => string])[] = [
  ['percent-encoded underscores', (secret) => `/x/${secret.replaceAll('_', '%5F')}`],
  ['a percent-encoded letter', (secret) => `/x/${secret.replace('k', '%6B')}`],
  ['its prefix in capitals', (secret) => `/x/${secret.slice(0, 8).toUpperCase()}${secret.slice(8)}`],
  ['a slash after its prefix', (secret) => `/${secret.slice(0, 8)}/${secret.slice(8)}`],
  ['no prefix', (secret) => `/${secret.slice(8)}`],
];

test.each(FORMS)('404 does not repeat a secret in the path: %s', async (_, path) => {
  const { secret } = await fixture.createKey();
  const answer = await fetch(`${fixture.app.url}${path(secret)}`);
  expect(answer.status).toBe(404);
  // The random part.
  expect(await answer.text()).not.toContain(secret.slice(30, 63));
});
