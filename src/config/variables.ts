import { LOG_FORMATS, LOG_LEVELS, SECRET_PREFIXES } from './config.js';
import { databaseUrl } from './database-url.js';
import {
  headerName,
  host,
  integer,
  internalTokens,
  oneOf,
  onOff,
  peppers,
  text,
  type ParseVariable,
} from './parse-variable.js';
import { networks } from './trusted-networks.js';

/** One environment variable: its purpose, its default and its parser. */
export interface Variable<T> {
  /** One line, for `.env.example` and the README. */
  readonly comment: string;
  /** The value when unset or empty, per environment where they differ. Null: none. */
  readonly default: string | null | { readonly development: string | null; readonly production: string | null };
  /**
   * Throws an Error that says what is required. It never repeats the value, which may be a secret.
   */
  readonly parse: ParseVariable<T>;
}

const variable = <T>(comment: string, byDefault: Variable<T>['default'], parse: ParseVariable<T>): Variable<T> => ({
  comment,
  default: byDefault,
  parse,
});

/** Every environment variable, in the order of `.env.example`. */
export const VARIABLES = {
  APP_ENV: variable(
    'development or production. The `env` of every response.',
    'development',
    oneOf(['development', 'production']),
  ),
  HOST: variable(
    'The address to listen on. :: accepts IPv6 and IPv4, and is needed on hosts with IPv6 only.',
    { development: '127.0.0.1', production: '0.0.0.0' },
    host,
  ),
  PORT: variable('The port to listen on. 0: any free port.', '3000', integer(0, 65_535)),
  DATABASE_URL: variable(
    'mysql://user:password@host:port/name, user and password percent-encoded (# is %23, / is %2F, ? is %3F, % is %25), with ?tls=verify (or verify-ca, insecure) and &ca=/path/to/ca.pem for TLS, or ?socketPath=/path. Left empty, `npm start` runs a private server.',
    null,
    databaseUrl,
  ),
  DATABASE_POOL_SIZE: variable(
    'The maximum number of pooled connections. Each instance uses one more for the change feed.',
    '5',
    integer(2, 100),
  ),
  DATABASE_WAIT_MS: variable(
    'How long the start waits for the database, in milliseconds.',
    '30000',
    integer(0, 3_600_000),
  ),
  SECRET_PREFIX: variable(
    'The prefix of secrets: sk_live_ or sk_test_. Secrets with the other prefix are never valid here.',
    'sk_live_',
    oneOf(SECRET_PREFIXES),
  ),
  SECRET_PEPPER: variable(
    'The HMAC key of secret digests: at least 32 bytes (openssl rand -base64 32). Required in production. Development generates one in DATA_DIR. Without it no key works.',
    null,
    peppers(1),
  ),
  SECRET_PEPPER_RETIRED: variable(
    'Additional peppers that verify, comma-separated: during a rotation the old one, before it the next one.',
    null,
    peppers(8),
  ),
  BCRYPT_COST: variable('The cost of bcrypt records, as a power of two.', '10', integer(10, 16)),
  BCRYPT_RECOVERY: variable(
    'on: a secret without a digest, or with a lost pepper, is verified by bcrypt once and gets a new digest. For recoveries and imports only.',
    'off',
    onOff,
  ),
  TRUST_PROXY: variable(
    'The proxies whose X-Forwarded-For is trusted: none, or comma-separated addresses and networks. Required in production.',
    { development: 'none', production: null },
    networks,
  ),
  INTERNAL_HOST: variable(
    'The address of the internal listener. Any address but loopback requires INTERNAL_TOKENS.',
    '127.0.0.1',
    host,
  ),
  INTERNAL_PORT: variable('The port of the internal listener. 0: any free port.', '3001', integer(0, 65_535)),
  INTERNAL_TOKENS: variable(
    'The services that may use the internal listener: name:token, comma-separated, each token at least 32 characters (openssl rand -hex 32). To rotate a token, list its name twice.',
    null,
    internalTokens,
  ),
  FORWARD_AUTH_ADDRESS_HEADER: variable(
    "The header in which your gateway sends its client's address to /forward-auth, for example X-Real-IP.",
    null,
    headerName,
  ),
  FORWARD_AUTH_TRUSTED_PEERS: variable(
    'The gateways trusted to set that header: none, or comma-separated addresses and networks.',
    'none',
    networks,
  ),
  LOG_LEVEL: variable(`One of ${LOG_LEVELS.join(', ')}.`, 'info', oneOf(LOG_LEVELS)),
  LOG_FORMAT: variable('json or pretty.', { development: 'pretty', production: 'json' }, oneOf(LOG_FORMATS)),
  FRESHNESS_BOUND_MS: variable(
    'The maximum time until a change made on one instance applies on every other, in milliseconds.',
    '1000',
    integer(700, 60_000),
  ),
  OUTAGE_GRACE_MS: variable(
    'How long an instance without a database verifies from its cache, in milliseconds. 0: never.',
    '60000',
    integer(0, 3_600_000),
  ),
  CACHE_MAX_KEYS: variable('The maximum number of cached keys.', '100000', integer(1, 100_000_000)),
  CACHE_MAX_BYTES: variable(
    "The maximum size of the cache in bytes, at most a quarter of Node's heap limit (--max-old-space-size).",
    '268435456',
    integer(1_000_000, 9_999_999_999),
  ),
  MAX_CONNECTIONS: variable(
    'The maximum number of open connections of each listener. Further connections are closed at once.',
    '10000',
    integer(10, 1_000_000),
  ),
  SHUTDOWN_DELAY_MS: variable(
    'How long a stop still accepts requests after readiness turned false, in milliseconds.',
    { development: '0', production: '5000' },
    integer(0, 300_000),
  ),
  DATA_DIR: variable(
    'The folder for generated development data: pepper, first key, private database.',
    '.data',
    text('a folder'),
  ),
} as const;

export type VariableName = keyof typeof VARIABLES;
