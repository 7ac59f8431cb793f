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

/** One environment variable: what it is for, what it is when nobody sets it, and how its text is understood. */
export interface Variable<T> {
  /** One line, for `.env.example` and the README. */
  readonly comment: string;
  /** The value when unset or empty; per environment where the two differ. Null: there is none. */
  readonly default: string | null | { readonly development: string | null; readonly production: string | null };
  /** Throws an Error whose message says what would be right; it never repeats the value, which may be a secret. */
  readonly parse: ParseVariable<T>;
}

const variable = <T>(comment: string, byDefault: Variable<T>['default'], parse: ParseVariable<T>): Variable<T> => ({
  comment,
  default: byDefault,
  parse,
});

/** Every environment variable there is, in the order of `.env.example`. */
export const VARIABLES = {
  APP_ENV: variable(
    'development or production; the `env` of every answer.',
    'development',
    oneOf(['development', 'production']),
  ),
  HOST: variable(
    'The address to listen on; :: takes IPv6 and IPv4, which hosts with IPv6 alone need.',
    { development: '127.0.0.1', production: '0.0.0.0' },
    host,
  ),
  PORT: variable('The port to listen on; 0 takes a free one.', '3000', integer(0, 65_535)),
  DATABASE_URL: variable(
    'mysql://user:password@host:port/name, user and password percent-encoded (# is %23, / is %2F, ? is %3F, % is %25), with ?tls=verify (or verify-ca, insecure) and &ca=/path/to/ca.pem for TLS, or ?socketPath=/path. Left empty, `npm start` runs a private server.',
    null,
    databaseUrl,
  ),
  DATABASE_POOL_SIZE: variable(
    'How many connections the pool holds at most. Each instance needs one more, for the change feed.',
    '5',
    integer(2, 100),
  ),
  DATABASE_WAIT_MS: variable(
    'How long the start waits for the database, in milliseconds.',
    '30000',
    integer(0, 3_600_000),
  ),
  SECRET_PREFIX: variable(
    'What secrets begin with: sk_live_ or sk_test_. The other one is never valid here.',
    'sk_live_',
    oneOf(SECRET_PREFIXES),
  ),
  SECRET_PEPPER: variable(
    'The key of the digests of secrets: 32 bytes or more (openssl rand -base64 32). Required in production; development makes one and keeps it in DATA_DIR. Lose it and no key works.',
    null,
    peppers(1),
  ),
  SECRET_PEPPER_RETIRED: variable(
    'Peppers that still verify, comma-separated: the old one during a rotation, or the next one before it.',
    null,
    peppers(8),
  ),
  BCRYPT_COST: variable('The cost of the bcrypt record of each secret, as a power of two.', '10', integer(10, 16)),
  BCRYPT_RECOVERY: variable(
    'on: a secret whose digest is missing, or whose pepper is lost, is checked by bcrypt once and given a new digest. For recoveries and imports only.',
    'off',
    onOff,
  ),
  TRUST_PROXY: variable(
    'Whose X-Forwarded-For is believed: none, or a comma-separated list of addresses and networks. Required in production.',
    { development: 'none', production: null },
    networks,
  ),
  INTERNAL_HOST: variable(
    'The address on which the endpoints for your services listen. One that is not this machine alone needs INTERNAL_TOKENS.',
    '127.0.0.1',
    host,
  ),
  INTERNAL_PORT: variable(
    'The port of the endpoints for your services; 0 takes a free one.',
    '3001',
    integer(0, 65_535),
  ),
  INTERNAL_TOKENS: variable(
    'Who may use those endpoints: name:token, comma-separated, each token 32 characters or more (openssl rand -hex 32). To rotate, give a name two.',
    null,
    internalTokens,
  ),
  FORWARD_AUTH_ADDRESS_HEADER: variable(
    "The header in which your gateway names its client's address to /forward-auth, such as X-Real-IP.",
    null,
    headerName,
  ),
  FORWARD_AUTH_TRUSTED_PEERS: variable(
    'The gateways that are believed about it: none, or a comma-separated list of addresses and networks.',
    'none',
    networks,
  ),
  LOG_LEVEL: variable(`One of ${LOG_LEVELS.join(', ')}.`, 'info', oneOf(LOG_LEVELS)),
  LOG_FORMAT: variable('json or pretty.', { development: 'pretty', production: 'json' }, oneOf(LOG_FORMATS)),
  FRESHNESS_BOUND_MS: variable(
    'Within how many milliseconds a change made on one instance holds on every other.',
    '1000',
    integer(700, 60_000),
  ),
  OUTAGE_GRACE_MS: variable(
    'How much longer an instance that is cut off from the database verifies from what it knew, in milliseconds; 0 for never.',
    '60000',
    integer(0, 3_600_000),
  ),
  CACHE_MAX_KEYS: variable("How many keys' facts are kept in memory.", '100000', integer(1, 100_000_000)),
  CACHE_MAX_BYTES: variable(
    "How many bytes of memory keys' facts may take; at most a quarter of the heap that Node was given (--max-old-space-size).",
    '268435456',
    integer(1_000_000, 9_999_999_999),
  ),
  MAX_CONNECTIONS: variable(
    'How many connections each of the two listeners keeps open; what comes beyond is closed at once.',
    '10000',
    integer(10, 1_000_000),
  ),
  SHUTDOWN_DELAY_MS: variable(
    'How long a stop goes on accepting requests after readiness turned false, in milliseconds.',
    { development: '0', production: '5000' },
    integer(0, 300_000),
  ),
  DATA_DIR: variable(
    'Where development keeps what it makes for itself: pepper, first key, private database.',
    '.data',
    text('a folder'),
  ),
} as const;

export type VariableName = keyof typeof VARIABLES;
