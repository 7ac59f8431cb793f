import type { InFlightRequest } from '../http/in-flight-request.js';
import type { StructuredLogger } from '../logging/logger.js';
import type { HttpMetrics } from '../metrics/http-metrics.js';
import type { LogFields } from './internal-request.js';
import { InternalAccessLog } from './internal-access-log.js';
import type { InternalMetrics } from './internal-metrics.js';
import type { Progress } from './internal-request-context.js';

const NOTES: readonly (LogFields | undefined)[] = [
  undefined,
  {},
  { verdict: 'VALID', key_id: 'api_key_1', organization_id: 'org_1' },
  { verdict: 'MALFORMED', key_id: null, organization_id: null },
  { verifications: 100 },
  { error_code: 'BODY_TOO_LARGE', detail: undefined },
  { error_code: 'UNAVAILABLE', detail: 'a "quote", a \\ and a\nline' },
];

/** What the recorder gives the logger for a call, read as the JSON that it must be. */
function lineOf(progress: Partial<Progress>, exchange: { remoteAddress?: string; method?: string } = {}): unknown {
  const lines: unknown[] = [];
  const logger = {
    isLevelEnabled: () => true,
    ready: (level: string, members: string, sentence: string) => {
      lines.push([level, JSON.parse(`{"first":1${members}}`), sentence]);
    },
  };
  const metrics = { count: () => undefined };
  const recorder = new InternalAccessLog(
    metrics as unknown as InternalMetrics,
    metrics as unknown as HttpMetrics,
    logger as unknown as StructuredLogger,
  );
  const identity = { requestId: 'request', supportId: 'support' };
  const { method = 'POST', remoteAddress } = exchange;
  recorder.record(
    { call: { identity }, caller: null, ...progress } as Progress,
    {
      request: { method },
      response: { headersSent: true, statusCode: 200, writableFinished: true },
      startedMs: performance.now(),
      remoteAddress,
    } as InFlightRequest,
  );
  return lines[0];
}

describe('the line of a call', () => {
  it.each(NOTES)('is JSON with what the endpoint says: %j', (note) => {
    const expected = {
      ...{
        first: 1,
        request_id: 'request',
        support_id: 'support',
        method: 'POST',
        endpoint: 'verify',
        caller: 'billing',
      },
      ...{ status: 200, duration_ms: expect.any(Number) as number, remote_address: '127.0.0.1', aborted: false },
      ...note,
    };
    const endpoint = { name: 'verify' } as Progress['endpoint'];
    expect(lineOf({ endpoint, caller: 'billing', note }, { remoteAddress: '127.0.0.1' })).toEqual([
      'info',
      expected,
      'request',
    ]);
  });

  it('says null of what is not known, and escapes what an interface may be called', () => {
    expect(lineOf({})).toEqual([
      'info',
      expect.objectContaining({ endpoint: null, caller: null, remote_address: null }),
      'request',
    ]);
    expect(lineOf({}, { remoteAddress: 'fe80::1%e"0' })).toEqual([
      'info',
      expect.objectContaining({ remote_address: 'fe80::1%e"0' }),
      'request',
    ]);
  });
});
