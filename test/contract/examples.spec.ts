import { KeyCache } from '../../src/verification/cache/key-cache.js';
import { REQUEST_LIMITS, RequestAdmission } from '../../src/admission/request-admission.js';
import type { OrganizationId } from '../../src/common/prefixed-id.js';
import { KEYS, send } from '../support/api-client.js';
import { TestApp } from '../support/test-app.js';
import { MysqlProxy } from '../support/mysql-proxy.js';
import { exampleOf, findOperation, OPERATIONS, type DocumentedOperation, type FailureExample } from './api-document.js';
import { shapeOf, withoutIds } from './shape.js';
import { problemsWith } from './validate.js';

/** The examples are those of production. */
const PRODUCTION = { APP_ENV: 'production', TRUST_PROXY: 'none' };

const UNKNOWN_SECRET = 'sk_live_030LKADJL8brw2LrrWLGq300lBcKUCcfcQwiP5o8gk3nAfLmS9Zf5fb0y00n0';

interface Sent {
  readonly secret?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly id?: string;
  readonly query?: string;
}

let app: TestApp;
let organization: OrganizationId;
let ownerId: string;
let secrets: {
  readonly owner: string;
  readonly elsewhere: string;
  readonly powerless: string;
  readonly unused: string;
};
beforeAll(async () => {
  app = await TestApp.start({ env: PRODUCTION });
  organization = await app.createOrganization();
  const owner = await app.createKey(organization);
  ownerId = owner.id;
  secrets = {
    owner: owner.secret,
    elsewhere: (await app.createKey(organization, { ip_allow_list: ['192.0.2.1'] })).secret,
    powerless: (await app.createKey(organization, { scopes: ['invoices.read'] })).secret,
    unused: (await app.createKey(organization)).secret,
  };
});
afterAll(async () => {
  await app.close();
});

const API_OPERATIONS = OPERATIONS.filter(({ path }) => path.startsWith(KEYS));

function requestExample({ requestBody }: DocumentedOperation): unknown {
  return requestBody === undefined ? undefined : exampleOf(requestBody.content['application/json'].schema);
}

function idExample({ parameters }: DocumentedOperation): string {
  const parameter = parameters.find(({ name }) => name === 'id');
  return parameter === undefined ? '' : String(exampleOf(parameter.schema));
}

/** Sends the documented request with some fields changed. */
function sendExample(operation: DocumentedOperation, different: Sent = {}, baseUrl = app.url) {
  const { id = idExample(operation), query = '', headers, secret, body = requestExample(operation) } = different;
  return send(baseUrl, operation.method, `${operation.path.replace('{id}', id)}${query}`, {
    ...(secret !== undefined && { secret }),
    ...(body !== undefined && { body }),
    ...(headers !== undefined && { headers }),
  });
}

describe('the requests that the document shows', () => {
  it.each(['apiKeysCreate', 'apiKeysUpdate'])('are accepted as they are: %s', async (operationId) => {
    const created = await sendExample(findOperation('apiKeysCreate'), { secret: secrets.owner });
    const { id } = created.body.data as { id: string };
    const answer = await sendExample(findOperation(operationId), { secret: secrets.owner, id });
    expect(answer.status).toBe(200);
    expect(answer.body.data).toMatchObject(requestExample(findOperation(operationId)) as object);
  });
});

describe('the successes that the document shows', () => {
  /** A key as the examples have it: made from the example, and used. */
  async function createUsedKey(): Promise<{ id: string; secret: string }> {
    const { body } = await sendExample(findOperation('apiKeysCreate'), { secret: secrets.owner });
    const key = body.data as { id: string; secret: string };
    await send(app.url, 'GET', KEYS, { secret: key.secret });
    await app.flushUsage();
    return key;
  }

  it.each(API_OPERATIONS.map(({ operationId }) => operationId))(
    'have the shape and the texts of the live answer: %s',
    async (operationId) => {
      const operation = findOperation(operationId);
      const { id, secret: ownSecret } = await createUsedKey();
      const query = operationId === 'apiKeysList' ? '?limit=1' : '';
      const secret = operationId === 'apiKeysCurrent' ? ownSecret : secrets.owner;
      const { body, status } = await sendExample(operation, { secret, id, query });
      const documented = operation.responses[String(status)];
      const example = documented?.content['application/json'].example as Record<string, unknown>;
      expect(shapeOf(body)).toEqual(shapeOf(example));
      expect({ ...body, data: null, support_id: null }).toEqual({ ...example, data: null, support_id: null });
      for (const answer of [body, example]) {
        expect(documented && problemsWith(answer, documented)).toEqual([]);
      }
    },
  );

  it.each(['apiKeysCreate', 'apiKeysList', 'apiKeysGet', 'apiKeysDelete'])(
    'are the same in the whole and in the fields: %s',
    (operationId) => {
      const { content } = findOperation(operationId).responses['200'] ?? {};
      const { schema, example } = content?.['application/json'] ?? {};
      expect(exampleOf(schema?.properties?.data ?? {})).toEqual((example as { data: unknown }).data);
    },
  );

  it.each(['/health/live', '/health/ready'])('are true of %s', async (path) => {
    const documented = OPERATIONS.find((operation) => operation.path === path)?.responses['200'];
    const answer = await (await fetch(`${app.url}${path}`)).json();
    expect(documented && problemsWith(answer, documented)).toEqual([]);
    expect(shapeOf(answer)).toEqual(shapeOf(exampleOf(documented?.content['application/json'].schema ?? {})));
  });
});

interface FailureCase {
  readonly operation: DocumentedOperation;
  readonly status: string;
  readonly name: string;
  readonly example: FailureExample;
}

const FAILURES: readonly FailureCase[] = API_OPERATIONS.flatMap((operation) =>
  Object.entries(operation.responses).flatMap(([status, { content }]) =>
    Object.entries(content['application/json'].examples ?? {}).map(([name, { value }]) => ({
      operation,
      status,
      name,
      example: value,
    })),
  ),
);

function failuresOf(...statuses: string[]): [title: string, failure: FailureCase][] {
  return FAILURES.filter(({ status }) => statuses.includes(status)).map((failure) => [
    `${failure.operation.operationId} ${failure.status} ${failure.name}`,
    failure,
  ]);
}

describe('the failures that the document shows', () => {
  const ofTheRequest = failuresOf('400', '401', '403', '404', '406', '413', '415');
  const unexpected = failuresOf('500');
  const tooMany = failuresOf('429');
  const unavailable = failuresOf('503');

  it('are all provoked here', () => {
    expect(ofTheRequest.length + unexpected.length + tooMany.length + unavailable.length).toBe(FAILURES.length);
    expect(FAILURES.length).toBeGreaterThan(40);
  });

  it.each(ofTheRequest)('are what a wrong request gets: %s', async (_title, failure) => {
    expectAsDocumented(failure, await sendExample(failure.operation, mistakeFor(failure)));
  });

  describe('when the service fails', () => {
    beforeAll(async () => {
      // Rows that cannot be understood, once no instance remembers what they were. A missing table
      // would be an outage.
      await app.schema.connection.query('CREATE TABLE scopes_before AS SELECT id, scopes FROM api_keys');
      await app.schema.connection.query('UPDATE api_keys SET scopes = \'"none"\'');
      app.app.get(KeyCache).clear();
    });
    afterAll(async () => {
      await app.schema.connection.query(
        'UPDATE api_keys k JOIN scopes_before b ON b.id = k.id SET k.scopes = b.scopes',
      );
    });

    it.each(unexpected)('are what it answers: %s', async (_title, failure) => {
      // For a cached key the service needs no database.
      const secret = failure.operation.operationId === 'apiKeysCurrent' ? secrets.unused : secrets.owner;
      expectAsDocumented(failure, await sendExample(failure.operation, { secret }));
    });
  });

  describe('when too many requests of the key wait', () => {
    const { runningPerTenant, queuedPerKey } = REQUEST_LIMITS;
    beforeAll(async () => {
      const admission = app.app.get(RequestAdmission);
      for (let i = 0; i < runningPerTenant; i++) {
        await admission.enter(organization, `${i}`, { waitMs: 0 });
      }
      for (let i = 0; i < queuedPerKey; i++) {
        void admission.enter(organization, ownerId, { waitMs: 60_000 });
      }
    });
    afterAll(() => {
      const admission = app.app.get(RequestAdmission);
      admission.refuseQueued(organization);
      for (let i = 0; i < runningPerTenant; i++) {
        admission.leave(organization, `${i}`);
      }
    });

    it.each(tooMany)('are what it answers: %s', async (_title, failure) => {
      expectAsDocumented(failure, await sendExample(failure.operation, { secret: secrets.owner }));
    });
  });

  describe('when the database is away', () => {
    let proxy: MysqlProxy;
    let cutOff: TestApp;
    beforeAll(async () => {
      proxy = await MysqlProxy.open();
      cutOff = await TestApp.start({ database: proxy.url(app.schema.name), env: { ...PRODUCTION, HOST: '127.0.0.1' } });
      proxy.set('closed');
    });
    afterAll(async () => {
      proxy.set('open');
      await cutOff.close();
      await proxy.close();
    });

    it.each(unavailable)('are what the service answers: %s', async (_title, failure) => {
      expectAsDocumented(failure, await sendExample(failure.operation, { secret: secrets.owner }, cutOff.url));
    });
  });

  function mistakeFor({ operation, status, name, example }: FailureCase): Sent {
    const secret = secrets.owner;
    switch (`${status} ${name}`) {
      case '400 failure':
        return { secret, ...wrongField(operation, Object.keys(example.validator ?? {})) };
      case '401 missing':
        return {};
      case '401 invalid':
        return { secret: UNKNOWN_SECRET };
      case '403 scope':
        return { secret: secrets.powerless };
      case '403 address':
        return { secret: secrets.elsewhere };
      case '404 failure':
        return { secret };
      case '406 failure':
        return { secret, headers: { accept: 'text/html' } };
      case '413 failure':
        return { secret, body: { label: 'x'.repeat(102_400) } };
      case '415 failure':
        return { secret, headers: { 'content-type': 'text/plain' } };
      default:
        throw new Error(`this spec cannot provoke ${status} ${name}`);
    }
  }

  /** The example names the field: a path parameter, or an unknown field. */
  function wrongField(operation: DocumentedOperation, [field = '']: string[]): Sent {
    if (field === 'id') {
      return { id: 'wrong' };
    }
    const body = requestExample(operation);
    return body === undefined ? { query: `?${field}=red` } : { body: { ...(body as object), [field]: 'red' } };
  }

  function expectAsDocumented({ operation, status, example }: FailureCase, answer: Awaited<ReturnType<typeof send>>) {
    expect(answer.status).toBe(Number(status));
    expect(withoutIds(JSON.stringify(answer.body))).toBe(withoutIds(JSON.stringify(example)));
    const documented = operation.responses[status];
    for (const body of [answer.body, example]) {
      expect(documented && problemsWith(body, documented)).toEqual([]);
    }
    for (const name of Object.keys(documented?.headers ?? {})) {
      expect(answer.headers.get(name)).not.toBeNull();
    }
  }
});

describe('the headers that the document shows', () => {
  it.each([
    ['401', 'WWW-Authenticate'],
    ['403', 'WWW-Authenticate'],
  ])('are those of a live answer: %s %s', async (status, header) => {
    for (const operation of API_OPERATIONS) {
      const refused = operation.operationId === 'apiKeysCurrent' ? secrets.elsewhere : secrets.powerless;
      const answer = await sendExample(operation, status === '401' ? {} : { secret: refused });
      expect(answer.headers.get(header)).toBe(operation.responses[status]?.headers?.[header]?.example);
    }
  });
});
