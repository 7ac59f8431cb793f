import { SCOPE_CATALOGUE, SCOPES } from '../../common/access/scope.js';
import { InvalidIpNetworkError, IpNetwork } from '../../common/net/ip-network.js';
import { parseMysqlDateTime } from '../../common/mysql-datetime.js';
import { isPrefixedId } from '../../common/prefixed-id.js';
import { textProblem } from '../../common/text.js';

/** Says what is wrong with a value and how to mend it; null when nothing is. */
export type FieldCheck = (value: unknown) => string | null;

export const MAX_LABEL_CHARACTERS = 255;
export const MAX_DESCRIPTION_CHARACTERS = 1_000;
export const MAX_NETWORKS = 100;
export const MAX_PAGE = 1_000;

export const checkLabel: FieldCheck = (value) => {
  if (value === undefined) {
    return 'is required';
  }
  return typeof value === 'string' ? textProblem(value, MAX_LABEL_CHARACTERS, false) : 'must be a text';
};

export const checkDescription: FieldCheck = (value) =>
  typeof value === 'string' ? textProblem(value, MAX_DESCRIPTION_CHARACTERS, true) : 'must be a text';

export const checkScopes: FieldCheck = (value) => {
  if (!Array.isArray(value)) {
    return 'must be a list of scopes';
  }
  if (value.length === 0) {
    return 'must name at least one scope; leave it out for the default';
  }
  const unknown: unknown = value.find((scope) => !SCOPE_CATALOGUE.has(scope));
  return unknown === undefined && !value.includes(undefined)
    ? null
    : `must hold only known scopes; ${quoted(unknown)} is none. They are: ${SCOPES.join(', ')}`;
};

export const checkNetworks: FieldCheck = (value) => {
  if (!Array.isArray(value)) {
    return 'must be a list of IP addresses and networks';
  }
  if (value.length > MAX_NETWORKS) {
    return `must have at most ${MAX_NETWORKS} entries; use networks (CIDR) to cover more`;
  }
  const problems = value.map(networkProblem);
  return problems.find((problem) => problem !== null) ?? null;
};

export const checkDateTime: FieldCheck = (value) =>
  typeof value === 'string' && parseMysqlDateTime(value) !== null
    ? null
    : 'must be a real moment as YYYY-MM-DD HH:MM:SS, in UTC, or null';

export const checkApiKeyId: FieldCheck = (value) =>
  typeof value === 'string' && isPrefixedId('api_key_', value)
    ? null
    : 'must be the id of an API key: api_key_ and a UUIDv7 in lower case';

export const checkLimit: FieldCheck = (value) =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_PAGE
    ? null
    : `must be a whole number from 1 to ${MAX_PAGE}`;

function networkProblem(entry: unknown): string | null {
  if (typeof entry !== 'string') {
    return 'must hold only texts: IP addresses and networks';
  }
  try {
    IpNetwork.parse(entry);
    return null;
  } catch (error) {
    if (error instanceof InvalidIpNetworkError) {
      return error.message;
    }
    throw error;
  }
}

/** A value as it may be repeated in an answer: only what looks like a scope, for anything else may be a misplaced secret. */
function quoted(value: unknown): string {
  return typeof value === 'string' && /^[a-z_.]{1,40}$/.test(value) ? JSON.stringify(value) : 'one entry';
}
