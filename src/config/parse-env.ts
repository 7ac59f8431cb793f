import type { ApiEnvironment } from '../common/api-environment.js';
import type { IpNetwork } from '../common/net/ip-network.js';
import type { Config, InternalToken, Pepper } from './config.js';
import { isLoopback } from './is-loopback.js';
import { problemsOfSecrets } from './secret-problems.js';
import { VARIABLES, type Variable, type VariableName } from './variables.js';

/** Some variables are wrong. `problems` has one sentence for each, with its name and the remedy. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration is wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** `docker run --env-file` and systemd's `Environment=` keep quotes, unlike a shell and `.env`. */
const QUOTED = ' (the quotes around the value are part of it: remove them)';

type Environment = Readonly<Record<string, string | undefined>>;
type Parsed<N extends VariableName> = (typeof VARIABLES)[N] extends Variable<infer T> ? T : never;

/**
 * Parses every variable, once. An empty value counts as unset.
 * @param developmentPepper provides the pepper of development if none is set
 * @throws ConfigError that lists every problem
 */
export function parseEnv(env: Environment, developmentPepper: (dataDir: string) => Pepper): Config {
  const problems: string[] = [];
  const apiEnv: ApiEnvironment = env.APP_ENV === 'production' ? 'production' : 'development';
  const read = <N extends VariableName>(name: N): Parsed<N> | undefined => readVariable(name, env, apiEnv, problems);
  const required = <N extends VariableName>(name: N, remedy: string): Parsed<N> | undefined => {
    const before = problems.length;
    const value = read(name);
    if (value === undefined && problems.length === before) {
      problems.push(`${name} ${remedy}`);
    }
    return value;
  };

  read('APP_ENV');
  const database = required('DATABASE_URL', 'must be set: mysql://user:password@host:port/name');
  const trustedProxies = required(
    'TRUST_PROXY',
    'must be set in production: none, or the addresses and networks of your proxies',
  );
  const pepper =
    apiEnv === 'production'
      ? required('SECRET_PEPPER', 'must be set in production: openssl rand -base64 32')
      : read('SECRET_PEPPER');
  const rest = {
    host: read('HOST'),
    port: read('PORT'),
    databasePoolSize: read('DATABASE_POOL_SIZE'),
    databaseWaitMs: read('DATABASE_WAIT_MS'),
    secretPrefix: read('SECRET_PREFIX'),
    bcryptCost: read('BCRYPT_COST'),
    bcryptRecovery: read('BCRYPT_RECOVERY'),
    internalHost: read('INTERNAL_HOST'),
    internalPort: read('INTERNAL_PORT'),
    forwardAuthTrustedPeers: read('FORWARD_AUTH_TRUSTED_PEERS'),
    logLevel: read('LOG_LEVEL'),
    logFormat: read('LOG_FORMAT'),
    freshnessBoundMs: read('FRESHNESS_BOUND_MS'),
    outageGraceMs: read('OUTAGE_GRACE_MS'),
    cacheMaxKeys: read('CACHE_MAX_KEYS'),
    cacheMaxBytes: read('CACHE_MAX_BYTES'),
    maxConnections: read('MAX_CONNECTIONS'),
    shutdownDelayMs: read('SHUTDOWN_DELAY_MS'),
    dataDir: read('DATA_DIR'),
  };
  const retiredPeppers = read('SECRET_PEPPER_RETIRED') ?? [];
  const endpoints = {
    internalTokens: read('INTERNAL_TOKENS') ?? [],
    forwardAuthAddressHeader: read('FORWARD_AUTH_ADDRESS_HEADER'),
  };
  problems.push(...problemsOfInternalListener({ ...rest, ...endpoints }, problems));
  problems.push(
    ...problemsOfSecrets(
      { pepper: pepper?.[0], retiredPeppers, internalTokens: endpoints.internalTokens, database },
      apiEnv,
    ),
  );
  if (problems.length > 0 || !isComplete(rest) || database === undefined || trustedProxies === undefined) {
    throw new ConfigError(problems);
  }
  return {
    env: apiEnv,
    ...rest,
    database,
    trustedProxies,
    pepper: pepper?.[0] ?? developmentPepper(rest.dataDir),
    retiredPeppers,
    ...endpoints,
  };
}

function readVariable<N extends VariableName>(
  name: N,
  env: Environment,
  apiEnv: ApiEnvironment,
  problems: string[],
): Parsed<N> | undefined {
  const { default: byDefault, parse } = VARIABLES[name] as Variable<unknown>;
  const fallback = byDefault === null || typeof byDefault === 'string' ? byDefault : byDefault[apiEnv];
  const given = env[name]?.trim() ?? '';
  const text = given === '' ? fallback : given;
  if (text === null) {
    return undefined;
  }
  try {
    return parse(text) as Parsed<N>;
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'cannot be understood';
    problems.push(`${name} ${reason}${/^(["']).*\1$/s.test(text) ? QUOTED : ''}`);
    return undefined;
  }
}

/**
 * Cross-field checks for the internal listener. Skipped for fields that already failed.
 */
function problemsOfInternalListener(
  endpoints: {
    readonly internalHost: string | undefined;
    readonly internalTokens: readonly InternalToken[];
    readonly forwardAuthAddressHeader: string | undefined;
    readonly forwardAuthTrustedPeers: readonly IpNetwork[] | undefined;
  },
  already: readonly string[],
): string[] {
  const isWrong = (name: VariableName) => already.some((problem) => problem.startsWith(`${name} `));
  const problems: string[] = [];
  const { internalHost, internalTokens, forwardAuthAddressHeader, forwardAuthTrustedPeers } = endpoints;
  if (
    internalHost !== undefined &&
    internalTokens.length === 0 &&
    !isWrong('INTERNAL_TOKENS') &&
    !isLoopback(internalHost)
  ) {
    problems.push(
      'INTERNAL_TOKENS must be set unless INTERNAL_HOST is a loopback address: name:token, with a token from openssl rand -hex 32',
    );
  }
  if (forwardAuthAddressHeader !== undefined && forwardAuthTrustedPeers?.length === 0) {
    problems.push(
      'FORWARD_AUTH_TRUSTED_PEERS must name the gateways that set FORWARD_AUTH_ADDRESS_HEADER, for example 127.0.0.1',
    );
  }
  if (
    forwardAuthAddressHeader === undefined &&
    (forwardAuthTrustedPeers?.length ?? 0) > 0 &&
    !isWrong('FORWARD_AUTH_ADDRESS_HEADER')
  ) {
    problems.push(
      'FORWARD_AUTH_ADDRESS_HEADER must name the header that FORWARD_AUTH_TRUSTED_PEERS set, for example X-Real-IP',
    );
  }
  return problems;
}

function isComplete<T extends Record<string, unknown>>(
  values: T,
): values is T & { [K in keyof T]-?: NonNullable<T[K]> } {
  return Object.values(values).every((value) => value !== undefined);
}
