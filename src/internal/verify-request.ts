import { InvalidInputError } from '../common/domain-error.js';
import { SCOPE_CATALOGUE, SCOPES, type Scope } from '../common/access/scope.js';
import type { ScopeSet } from '../common/access/scope-set.js';
import { ERROR_MESSAGES, invalidFieldsMessage } from '../contract/error-messages.js';
import { parseIpAddress } from '../common/net/ip-address.js';
import type { VerifyRequest } from '../verification/key-authenticator.js';

const MAX_BATCH_SIZE = 100;
/**
 * The most unknown fields and problems that a response names: it must not be many times longer than
 * its request.
 */
const MAX_UNKNOWN = 10;
const MAX_TOLD = 100;

type Problems = Record<string, string>;

/**
 * The body of `POST /verify`. By hand rather than by class-validator, which takes as long as the
 * whole rest of a warm verification.
 * @throws InvalidInputError that names each wrong field
 */
export function parseVerifyRequest(body: object): VerifyRequest {
  const problems: Problems = {};
  const parsed = parseEntry(body, '', problems);
  refuseIf(problems);
  return parsed;
}

/**
 * The body of `POST /verify/batch`.
 * @throws InvalidInputError that names each wrong field of each request
 */
export function parseBatchRequest(body: object): readonly VerifyRequest[] {
  const problems: Problems = {};
  refuseUnknown(body, ['requests'], '', problems);
  const { requests } = body as { readonly requests?: unknown };
  if (!Array.isArray(requests) || requests.length === 0 || requests.length > MAX_BATCH_SIZE) {
    problems.requests = `must be an array of 1 to ${MAX_BATCH_SIZE} requests, each like the body of /verify`;
    refuseIf(problems);
    return [];
  }
  const parsed = requests.map((entry: unknown, place) => {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
      problems[`requests.${place}`] = 'must be an object with a secret';
      return NOTHING;
    }
    return parseEntry(entry, `requests.${place}.`, problems);
  });
  refuseIf(problems);
  return parsed;
}

const NOTHING: VerifyRequest = { secret: '', attempt: { scopes: SCOPE_CATALOGUE.none, address: null } };
const FIELDS = ['secret', 'client_ip', 'scopes'];

function parseEntry(entry: object, path: string, problems: Problems): VerifyRequest {
  refuseUnknown(entry, FIELDS, path, problems);
  const { secret, client_ip: clientIp, scopes } = entry as Readonly<Record<string, unknown>>;
  if (typeof secret !== 'string') {
    problems[`${path}secret`] = 'must be a string: the secret to verify';
  }
  const address = typeof clientIp === 'string' ? parseIpAddress(clientIp) : null;
  if (clientIp !== undefined && clientIp !== null && address === null) {
    problems[`${path}client_ip`] =
      "must be the end client's IPv4 or IPv6 address, without port or zone; leave it out if it is not known";
  }
  return {
    secret: typeof secret === 'string' ? secret : '',
    attempt: { scopes: parseScopes(scopes, path, problems), address },
  };
}

function parseScopes(scopes: unknown, path: string, problems: Problems): ScopeSet<Scope> {
  if (scopes === undefined || scopes === null) {
    return SCOPE_CATALOGUE.none;
  }
  if (!Array.isArray(scopes) || scopes.length > SCOPES.length) {
    problems[`${path}scopes`] = `must be an array of at most ${SCOPES.length} scopes`;
    return SCOPE_CATALOGUE.none;
  }
  if (scopes.every((scope) => SCOPE_CATALOGUE.has(scope))) {
    return SCOPE_CATALOGUE.setOf(scopes);
  }
  scopes.forEach((scope: unknown, place) => {
    if (!SCOPE_CATALOGUE.has(scope)) {
      problems[`${path}scopes.${place}`] = 'is not a scope';
    }
  });
  return SCOPE_CATALOGUE.none;
}

/** Rejects unknown fields: a misspelt `client_ip` or `scopes` must not weaken the check. */
function refuseUnknown(body: object, known: readonly string[], path: string, problems: Problems): void {
  let unknown = 0;
  for (const field in body) {
    if (!known.includes(field) && unknown++ < MAX_UNKNOWN) {
      problems[`${path}${field}`] = ERROR_MESSAGES.unknownField;
    }
  }
}

function refuseIf(problems: Problems): void {
  const count = Object.keys(problems).length;
  if (count > 0) {
    throw new InvalidInputError(invalidFieldsMessage(count), {
      fields: Object.fromEntries(Object.entries(problems).slice(0, MAX_TOLD)),
    });
  }
}
