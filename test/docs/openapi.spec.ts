import { readFileSync } from 'node:fs';
import { SCOPE_DESCRIPTIONS, SCOPES } from '../../src/common/access/scope.js';
import { parseSecretId } from '../../src/secrets/secret-format.js';
import { KEYS, send } from '../support/api-client.js';
import { TestApp } from '../support/test-app.js';

const ENVELOPE_KEYS = ['status', 'data', 'error', 'log', 'validator', 'support_id', 'message', 'env'];

type Json = Readonly<Record<string, unknown>>;

interface Media {
  readonly schema: Json;
  readonly example?: Json;
  readonly examples?: Readonly<Record<string, { readonly value: Json }>>;
}

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly Json[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Readonly<Record<string, Media>> }>
  >;
}

interface Document {
  readonly openapi: string;
  readonly info: { readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Json & { readonly properties?: Readonly<Record<string, Json>> }>>;
    readonly securitySchemes: Json;
  };
}

describe('the API document', () => {
  let latchkey: TestApp;
  let document: Document;

  beforeAll(async () => {
    latchkey = await TestApp.start();
    const response = await fetch(`${latchkey.url}/docs/openapi.json`);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    document = (await response.json()) as Document;
  });

  afterAll(() => latchkey.close());

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path}`,
        path,
        operation,
      })),
    );

  /** Every example of every response, with its place in the document. */
  const examples = () =>
    operations().flatMap(({ name, path, operation }) =>
      Object.entries(operation.responses).flatMap(([status, { content }]) =>
        Object.values(content ?? {})
          .flatMap((media) => [media.example, ...Object.values(media.examples ?? {}).map(({ value }) => value)])
          .filter((value) => value !== undefined)
          .map((value) => ({ name: `${name} ${status}`, path, status: Number(status), value })),
      ),
    );

  const successExample = (name: string) =>
    examples().find((example) => example.name === `${name} 200`)?.value as { data: Json; message: string } | undefined;

  it('is OpenAPI 3.1, and the one that is checked in', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d$/);
    expect(document).toEqual(JSON.parse(readFileSync('openapi.json', 'utf8')));
  });

  it('has the five routes of the contract, the one for the calling key, and the two of health, and no others', () => {
    expect(
      operations()
        .map(({ name }) => name)
        .sort(),
    ).toEqual([
      'DELETE /developers/api_keys/{id}',
      'GET /developers/api_keys',
      'GET /developers/api_keys/current',
      'GET /developers/api_keys/{id}',
      'GET /health/live',
      'GET /health/ready',
      'POST /developers/api_keys',
      'PUT /developers/api_keys/{id}',
    ]);
  });

  it('describes each operation, under a tag that is explained', () => {
    const tags = new Map(document.tags.map(({ name, description }) => [name, description]));
    for (const { name, operation } of operations()) {
      expect([name, operation.summary]).toEqual([name, expect.stringMatching(/^[A-Z].{5,60}[^.]$/)]);
      expect(operation.tags).toHaveLength(1);
      expect(tags.get(operation.tags?.[0] ?? '')).toMatch(/\w{3}/);
    }
    const summaries = operations().map(({ operation }) => operation.summary);
    expect(new Set(summaries).size).toBe(summaries.length);
  });

  it('asks for a bearer key everywhere but for health', () => {
    expect(document.components.securitySchemes.bearer).toMatchObject({ type: 'http', scheme: 'bearer' });
    for (const { name, path, operation } of operations()) {
      const isPublic = path.startsWith('/health/');
      expect([name, operation.security]).toEqual([name, isPublic ? undefined : [{ bearer: [] }]]);
      expect([name, '401' in operation.responses, '403' in operation.responses]).toEqual([name, !isPublic, !isPublic]);
    }
  });

  it('shows an example of each status that a route can answer', () => {
    const withoutExample = operations().flatMap(({ name, operation }) =>
      Object.keys(operation.responses)
        .map((status) => `${name} ${status}`)
        .filter((answer) => !examples().some((example) => example.name === answer)),
    );
    expect(withoutExample).toEqual([]);
  });

  it('shows the envelope with its eight keys in each example, true to its status', () => {
    const ofTheApi = examples().filter(({ path }) => !path.startsWith('/health/'));
    expect(ofTheApi.length).toBeGreaterThan(30);
    for (const { name, status, value } of ofTheApi) {
      const failed = status >= 400;
      expect([name, Object.keys(value)]).toEqual([name, ENVELOPE_KEYS]);
      expect([name, value]).toEqual([
        name,
        expect.objectContaining({
          status,
          support_id: expect.stringMatching(/^support_[0-9a-f-]{36}$/) as unknown,
          env: expect.stringMatching(/^(development|production)$/) as unknown,
          ...(failed
            ? { data: null, message: null, log: { request_id: expect.stringMatching(/^req_/) as unknown } }
            : { error: null, validator: null }),
        }),
      ]);
      expect([name, failed ? value.error : value.message]).toEqual([name, expect.stringMatching(/^[A-Z]/)]);
    }
  });

  it('shows health as it is: ready with 200, and never with 503', () => {
    const ofHealth = examples().filter(({ path }) => path === '/health/ready');
    expect(new Set(ofHealth.map(({ status }) => status))).toEqual(new Set([200, 503]));
    for (const { status, value } of ofHealth) {
      expect(value.status === 'ready').toBe(status === 200);
    }
  });

  it('shows a body for each request that takes one: by an example of each field', () => {
    const bodies = operations().flatMap(({ operation }) => Object.values(operation.requestBody?.content ?? {}));
    expect(bodies).toHaveLength(2);
    for (const { schema } of bodies) {
      const { properties = {} } = document.components.schemas[String(schema.$ref).split('/').at(-1) ?? ''] ?? {};
      expect(Object.keys(properties)).toEqual(['label', 'description', 'scopes', 'ip_allow_list', 'expires_at']);
      expect(Object.entries(properties).filter(([, { example }]) => example === undefined)).toEqual([]);
    }
  });

  it('explains each scope in a line, and names them in one place', () => {
    const rows = [...document.info.description.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, scope, text]) => [
      scope,
      text,
    ]);
    expect(rows).toEqual(Object.entries(SCOPE_DESCRIPTIONS));
    expect(document.components.schemas.Scope).toMatchObject({ type: 'string', enum: SCOPES });
  });

  it('writes null as OpenAPI 3.1 does: as one of the types', () => {
    expect(JSON.stringify(document)).not.toContain('"nullable"');
    const { CreateApiKeyRequest, ApiKeyResponse } = document.components.schemas;
    expect(CreateApiKeyRequest?.properties).toMatchObject({
      label: { type: 'string' },
      description: { type: ['string', 'null'] },
      scopes: { type: ['array', 'null'] },
      ip_allow_list: { type: ['array', 'null'] },
      expires_at: { type: ['string', 'null'] },
    });
    expect(ApiKeyResponse?.properties).toMatchObject({
      description: { type: ['string', 'null'] },
      expires_at: { type: ['string', 'null'] },
      updated_at: { type: ['string', 'null'] },
      created_at: { type: 'string' },
    });
  });

  it('holds no reference to a schema that it lacks', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(10);
    expect(references.filter(([, name]) => !((name ?? '') in document.components.schemas))).toEqual([]);
  });

  it('shows a secret of the right form, whole where it is made and masked everywhere else', () => {
    const whole = String(successExample('POST /developers/api_keys')?.data.secret);
    expect(parseSecretId('sk_live_', whole)).not.toBeNull();
    expect(JSON.stringify(document).split(whole).length - 1).toBeGreaterThan(0);
    for (const name of ['GET /developers/api_keys/{id}', 'PUT /developers/api_keys/{id}']) {
      expect(successExample(name)?.data.secret).toBe(`${whole.slice(0, 20)}...${whole.slice(-5)}`);
    }
  });

  it('shows the fields and the sentences that the service really answers with', async () => {
    const organizationId = await latchkey.createOrganization();
    const { secret } = await latchkey.createKey(organizationId);
    const ask = async (method: string, path: string, body?: unknown) =>
      (await send<Json | Json[]>(latchkey.url, method, path, { secret, ...(body !== undefined && { body }) })).body;
    const created = await ask('POST', KEYS, { label: 'Shown' });
    const path = `${KEYS}/${String((created.data as Json).id)}`;
    const answers = {
      'POST /developers/api_keys': created,
      'GET /developers/api_keys': await ask('GET', KEYS),
      'GET /developers/api_keys/{id}': await ask('GET', path),
      'PUT /developers/api_keys/{id}': await ask('PUT', path, { label: 'Shown' }),
      'DELETE /developers/api_keys/{id}': await ask('DELETE', path),
    };

    for (const [name, { data, message }] of Object.entries(answers)) {
      const example = successExample(name);
      expect([name, shape(data), message]).toEqual([name, shape(example?.data), example?.message]);
    }
  });
});

/** The names of the fields, of the first item if it is a list, and of objects within. */
function shape(value: unknown): unknown {
  const item: unknown = Array.isArray(value) ? value[0] : value;
  return Object.entries(item ?? {}).map(([name, field]) =>
    name === 'metrics' ? { metrics: Object.keys(field as object) } : name,
  );
}
