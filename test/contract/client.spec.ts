import createClient from 'openapi-fetch';
import { TestApp } from '../support/test-app.js';
import type { paths } from './api-types.js';

let app: TestApp;
let client: ReturnType<typeof createClient<paths>>;
beforeAll(async () => {
  app = await TestApp.start();
  const { secret } = await app.createKey(await app.createOrganization());
  client = createClient<paths>({ baseUrl: app.url, headers: { authorization: `Bearer ${secret}` } });
});
afterAll(async () => {
  await app.close();
});

// That this file compiles, under our own strict settings, is half of the test.
describe('a client generated from the API document', () => {
  it('creates, lists, reads, changes and deletes a key', async () => {
    const created = await client.POST('/developers/api_keys', {
      body: { label: 'Generated', scopes: ['api_keys.read', 'products.read'], ip_allow_list: null },
    });
    const key = created.data?.data;
    expect(key).toMatchObject({ label: 'Generated', scopes: ['api_keys.read', 'products.read'], ip_allow_list: [] });
    const path = { id: key?.id ?? '' };

    const listed = await client.GET('/developers/api_keys', { params: { query: { limit: 1, status: 'active' } } });
    expect(listed.data?.data.map(({ id }) => id)).toEqual([path.id]);
    expect(listed.response.headers.get('link')).toContain('rel="next"');

    const changed = await client.PUT('/developers/api_keys/{id}', { params: { path }, body: { label: 'Changed' } });
    expect(changed.data?.data.label).toBe('Changed');

    const read = await client.GET('/developers/api_keys/{id}', { params: { path } });
    expect(read.data?.data).toMatchObject({ label: 'Changed', metrics: { api_key_id: path.id, total_requests: 0 } });

    const deleted = await client.DELETE('/developers/api_keys/{id}', { params: { path } });
    expect(deleted.data?.data).toEqual(path);
  });

  it('gets a failure as one typed envelope', async () => {
    const { data, error, response } = await client.POST('/developers/api_keys', { body: { label: '' } });
    expect(data).toBeUndefined();
    expect(response.status).toBe(400);
    expect(error?.validator).toEqual({ label: 'must contain a visible character' });
    expect(error?.log.request_id).toMatch(/^req_/);
  });

  it('asks for health without a key', async () => {
    const { data } = await createClient<paths>({ baseUrl: app.url }).GET('/health/ready');
    expect(data).toEqual({ status: 'ready', database: 'reachable' });
  });

  it('cannot be written wrongly', () => {
    const wrong = () => [
      // @ts-expect-error The label is required.
      client.POST('/developers/api_keys', { body: {} }),
      // @ts-expect-error There is no such scope.
      client.POST('/developers/api_keys', { body: { label: 'x', scopes: ['products.steal'] } }),
      // @ts-expect-error There is no such route.
      client.GET('/developers/api_key'),
    ];
    expect(wrong).toBeInstanceOf(Function);
  });
});
