import { RequestContext } from '../common/request-context.js';
import { createLogger } from '../logging/logger.js';
import type { HttpMetrics } from '../metrics/http-metrics.js';
import { AccessLog } from './access-log.js';

const KEY = { keyId: 'api_key_1', organizationId: 'org_1' };
const ALWAYS = {
  request_id: expect.stringMatching(/^req_/) as string,
  support_id: expect.stringMatching(/^support_/) as string,
  listener: 'internal',
  method: 'POST',
  endpoint: null,
  client: null,
  status: 200,
  duration_ms: expect.any(Number) as number,
  key_id: null,
  organization_id: null,
  remote_address: '127.0.0.1',
  aborted: false,
};

/** The fields of the line for a context, and what is counted. */
function record(fields: Partial<RequestContext> = {}, status: number | null = 200, startedMs: number | null = 0) {
  const lines: string[] = [];
  const counted: unknown[] = [];
  const logger = createLogger({ logLevel: 'debug', logFormat: 'json' }, { write: (line) => lines.push(line) });
  const metrics = { count: (...labels: unknown[]) => counted.push(labels) };
  const context = new RequestContext('development', 'POST', '127.0.0.1', startedMs);
  new AccessLog('internal', logger, metrics as unknown as HttpMetrics).record(
    Object.assign(context, fields),
    status,
    false,
  );
  const { level, time, pid, hostname, msg, ...rest } = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  expect([typeof time, typeof pid, typeof hostname, msg]).toEqual(['string', 'number', 'string', 'request']);
  return { level, line: rest, counted };
}

describe('the access log', () => {
  it('has the same fields for each request, null if unknown', () => {
    expect(record().line).toEqual(ALWAYS);
    expect(record({}, null, null).line).toEqual({ ...ALWAYS, status: null, duration_ms: null });
  });

  it.each<[Partial<RequestContext>, object]>([
    [
      { endpoint: 'verify', client: 'billing', verdict: { code: 'EXPIRED', key: KEY } },
      { endpoint: 'verify', client: 'billing', verdict: 'EXPIRED', key_id: 'api_key_1', organization_id: 'org_1' },
    ],
    [{ verdict: { code: 'MALFORMED' } }, { verdict: 'MALFORMED' }],
    [{ verifications: 100 }, { verifications: 100 }],
    [{ failure: { code: 'BODY_TOO_LARGE', detail: undefined } }, { error_code: 'BODY_TOO_LARGE' }],
    [
      { failure: { code: 'UNAVAILABLE', detail: 'a "quote", a \\ and a\nline' } },
      { error_code: 'UNAVAILABLE', detail: 'a "quote", a \\ and a\nline' },
    ],
  ])('adds what applies: %j', (fields, expected) => {
    expect(record(fields).line).toEqual({ ...ALWAYS, ...expected });
  });

  it('escapes what a client or a network interface is called', () => {
    const { line } = record({ client: 'a"b', endpoint: 'a\\b' });
    expect(line).toMatchObject({ client: 'a"b', endpoint: 'a\\b' });
  });

  it('writes probes at level debug, and counts them like every request', () => {
    const { level, counted } = record({ isQuiet: true, endpoint: 'health' }, 503);
    expect(level).toBe('debug');
    expect(counted).toEqual([['internal', 'health', null, 503]]);
  });
});
