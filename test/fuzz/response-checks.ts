const EIGHT_KEYS = 'status,data,error,log,validator,support_id,message,env';
const SUPPORT_ID = /^support_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** Internals that must not reach a client: stacks, file names, database messages. */
const INSIDE =
  /node_modules|\n\s+at |\bat \S+ \(|\.[jt]s:\d+|QueryFailed|TypeORM|\bER_[A-Z]|SQL syntax|Duplicate entry|api_key_metrics|SELECT `/;

/** What a check needs of a response, whichever client received it. */
export interface CheckedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** What is wrong with a response; null when nothing is. */
export function findFault(answer: CheckedResponse, method: string, path: string): string | null {
  const { status, headers, body } = answer;
  const contentType = String(headers['content-type'] ?? '');
  if (status >= 500 || status < 200) {
    return `status ${status}`;
  }
  if (method === 'HEAD') {
    return body === '' ? null : 'a body for HEAD';
  }
  if (INSIDE.test(body) && !isDocument(path, status)) {
    return 'the inside shows';
  }
  return speaksForItself(path, status, contentType) ? null : findEnvelopeFault(answer);
}

function findEnvelopeFault({ status, headers, body }: CheckedResponse): string | null {
  const contentType = String(headers['content-type'] ?? '');
  if (contentType !== 'application/json; charset=utf-8') {
    return `content type ${contentType}`;
  }
  const envelope = parsed(body);
  if (envelope === null || Object.keys(envelope).join(',') !== EIGHT_KEYS) {
    return 'no envelope';
  }
  const isSuccess = status < 300;
  const { data, error, log, validator, message, env } = envelope;
  const isWhole = isSuccess
    ? data !== null && error === null && log === null && validator === null && typeof message === 'string'
    : data === null &&
      typeof error === 'string' &&
      error !== '' &&
      typeof log === 'object' &&
      log !== null &&
      message === null;
  return isWhole && envelope.status === status && SUPPORT_ID.test(String(envelope.support_id)) && env === 'development'
    ? null
    : 'an envelope that contradicts itself';
}

function parsed(body: string): Record<string, unknown> | null {
  try {
    return JSON.parse(body) as Record<string, unknown> | null;
  } catch {
    return null;
  }
}

/** Health endpoints, when the request is correct. */
function speaksForItself(path: string, status: number, contentType: string): boolean {
  return (
    isDocument(path, status) || (/health/i.test(path) && status === 200 && contentType.startsWith('application/json'))
  );
}

function isDocument(path: string, status: number): boolean {
  return /docs/i.test(path) && status < 400;
}
