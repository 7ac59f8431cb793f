import { setTimeout as sleep } from 'node:timers/promises';
import { REQUEST_WAIT_MS } from '../../src/admission/wait-for-turn.js';
import type { OrganizationId } from '../../src/common/prefixed-id.js';
import { KEYS, type MadeKey } from '../support/api-client.js';
import { longestMs, type Outcome, tally } from '../support/load-client.js';
import { endProcesses } from '../support/running-process.js';
import { runCli, TestProcess } from '../support/test-process.js';
import { insertOrganization, insertVerifiableKeys } from '../support/bulk-keys.js';
import { createSchema, type TestSchema } from '../support/schema.js';
import { measured } from '../support/reports.js';
import { flood, type Flood } from './flood.js';
import { medianMs, OtherOrganization, shareOf } from './others.js';

const SECONDS = 6;
/** The bars of promise 11: no tenant takes the service from another. */
const GOOD_SHARE = 0.99;
const COLD_MEDIAN_MS = 100;
const CREATE_MS = REQUEST_WAIT_MS;
const OPERATOR_MS = 5_000;

type Attack = Pick<Flood, 'method' | 'connections' | 'body'> & { readonly path: (key: MadeKey) => string };

const ATTACKS: Readonly<Record<string, Attack>> = {
  'changes of one key by itself, over 300 connections': {
    method: 'PUT',
    path: ({ id }) => `${KEYS}/${id}`,
    body: '{"label":"Flood"}',
    connections: 300,
  },
  'lists of 1,000 keys, over 60 connections': { method: 'GET', path: () => `${KEYS}?limit=1000`, connections: 60 },
  'creates, over 300 connections': { method: 'POST', path: () => KEYS, body: '{"label":"Flood"}', connections: 300 },
};

describe('an organization that floods the service', () => {
  let schema: TestSchema;
  let service: TestProcess;
  beforeAll(async () => {
    schema = await createSchema();
    service = await TestProcess.start({ program: 'start', database: schema.url });
  }, 60_000);
  afterAll(async () => {
    await endProcesses();
    await schema.drop();
  }, 60_000);

  const newOrganization = async (keys: number): Promise<[OrganizationId, MadeKey[]]> => {
    const id = await insertOrganization(schema.connection);
    return [id, await insertVerifiableKeys(schema.connection, id, keys)];
  };

  it.each(Object.entries(ATTACKS))(
    'by %s takes it from no other, and an operator gets through',
    async (name, { path, ...attack }) => {
      const [, [attacker = { id: '', secret: '' }]] = await newOrganization(1_001);
      const [, others] = await newOrganization(2_000);
      const [leaked] = await newOrganization(1);

      const flooding = flood({
        ...attack,
        url: `${service.url}${path(attacker)}`,
        secret: attacker.secret,
        seconds: SECONDS,
      });
      const work = new OtherOrganization(service, others).workUntil(flooding);
      await sleep(1_000);
      const beganMs = performance.now();
      const deactivated = await runCli(schema.url, ['deactivate-organization', leaked]);
      const operatorMs = performance.now() - beganMs;

      const answers = await flooding;
      const { cold, warm, reads, creates } = await work;
      report(name, { cold, warm, reads, creates }, operatorMs, answers);
      expect(deactivated).toMatchObject({ code: 0, stderr: '' });
      expect(operatorMs).toBeLessThan(OPERATOR_MS);
      expect(shareOf(cold, ({ status, body }) => status === 200 && body.includes('"VALID"'))).toBeGreaterThanOrEqual(
        GOOD_SHARE,
      );
      expect(medianMs(cold)).toBeLessThan(COLD_MEDIAN_MS);
      expect(shareOf(reads, ({ status }) => status === 200)).toBeGreaterThanOrEqual(GOOD_SHARE);
      expect(tally(creates)).toEqual({ 200: creates.length });
      expect(longestMs(creates)).toBeLessThan(CREATE_MS);
    },
    60_000,
  );
});

function report(
  name: string,
  outcomes: Readonly<Record<string, readonly Outcome[]>>,
  operatorMs: number,
  answers: Readonly<Record<string, number>>,
): void {
  for (const [kind, of] of Object.entries(outcomes)) {
    measured(`${kind}, ${of.length} of another organization, p50, during ${name}`, medianMs(of));
    measured(`${kind}, the longest`, longestMs(of));
  }
  measured('an operator deactivates an organization', operatorMs);
  process.stderr.write(`measured: the flood was answered ${JSON.stringify(answers)}\n`);
}
