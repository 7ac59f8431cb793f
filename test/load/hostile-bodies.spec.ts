import { setTimeout as sleep } from 'node:timers/promises';
import { KEYS } from '../support/api-client.js';
import { exchange, Load, tally } from '../support/load-client.js';
import { endProcesses } from '../support/running-process.js';
import { TestProcess } from '../support/test-process.js';
import { createSchema, type TestSchema } from '../support/schema.js';
import { median, verifyWhile } from './verify-load.js';

const CONNECTIONS = 16;
const LASTS_MS = 3_000;
const MAX_P50_MS = 20;

const names = (count: number) => `{${Array.from({ length: count }, (_, place) => `"f${place}":1`).join()}}`;
const list = (field: string, count: number, entry: string) =>
  `{"label":"x","${field}":[${Array(count).fill(entry).join()}]}`;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

type Target = 'public' | 'internal';

/** What a client can send, and the status that it gets. */
const HOSTILE: readonly (readonly [
  what: string,
  target: Target,
  path: string,
  body: string | undefined,
  status: number,
])[] = [
  ['9,500 unknown fields', 'public', KEYS, names(9_500), 400],
  ['9,500 scopes', 'public', KEYS, list('scopes', 9_500, '"a"'), 400],
  ['9,500 networks', 'public', KEYS, list('ip_allow_list', 9_500, '"::1"'), 400],
  ['a label of 90 KB', 'public', KEYS, JSON.stringify({ label: '\u{1f511}'.repeat(22_500) }), 400],
  ['a network of 90 KB', 'public', KEYS, JSON.stringify({ label: 'x', ip_allow_list: ['1'.repeat(90_000)] }), 400],
  ['50,000 arrays in each other', 'public', KEYS, `{"label":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 400],
  ['5,000 parameters', 'public', `${KEYS}?${'a&'.repeat(5_000)}`, undefined, 400],
  ['1,500 unknown fields for /verify', 'internal', '/verify', names(1_500), 400],
  ['9,500 unknown fields for /verify/batch', 'internal', '/verify/batch', names(9_500), 400],
  [
    '20,000 requests for /verify/batch',
    'internal',
    '/verify/batch',
    `{"requests":[${Array(20_000).fill('1').join()}]}`,
    400,
  ],
  ['5,000 fields of a form', 'internal', '/introspect', `token=x${'&a=1'.repeat(3_500)}`, 400],
  ['5,000 parameters for a gateway', 'internal', `/forward-auth?${'scopes&'.repeat(2_000)}`, undefined, 400],
];

describe('requests that are made to take long', () => {
  let schema: TestSchema;
  let service: TestProcess;

  beforeAll(async () => {
    schema = await createSchema();
    service = await TestProcess.start({ program: 'start', database: schema.url });
  }, 60_000);

  afterAll(async () => {
    await endProcesses();
    await schema.drop();
  });

  it.each(HOSTILE)(
    'with %s delay no verification',
    async (_what, target, path, body, status) => {
      const url = `${target === 'public' ? service.url : service.internalUrl}${path}`;
      const method = body === undefined ? 'GET' : 'POST';
      const headers = path === '/introspect' ? FORM : {};
      const load = new Load(CONNECTIONS, (agent) =>
        exchange(agent, method, url, { secret: service.firstKey.secret, body, headers }),
      );
      const times = await verifyWhile(service.internalUrl, service.firstKey.secret, () => sleep(LASTS_MS));
      const outcomes = await load.stop();
      expect(Object.keys(tally(outcomes))).toEqual([String(status)]);
      expect(outcomes.length).toBeGreaterThan(CONNECTIONS);
      expect(median(times)).toBeLessThan(MAX_P50_MS);
    },
    60_000,
  );
});
