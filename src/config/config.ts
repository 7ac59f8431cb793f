import type { IpNetwork } from '../common/ip-network.js';
import type { ApiEnvironment } from '../common/envelope.js';

/** How to reach the database. */
export interface DatabaseConfig {
  readonly host: string;
  readonly port: number;
  /** A Unix socket; when given, host and port are not used. */
  readonly socketPath: string | undefined;
  readonly user: string;
  readonly password: string;
  readonly name: string;
  readonly tls: { readonly ca: string | undefined; readonly verify: boolean } | undefined;
}

/** A pepper: the key of the HMAC that makes digests of secrets. */
export type Pepper = Buffer;

/** Everything that can be set, parsed and checked. */
export interface Config {
  readonly env: ApiEnvironment;
  readonly host: string;
  readonly port: number;
  readonly database: DatabaseConfig;
  /** How long the start waits for the database, in milliseconds. */
  readonly databaseWaitMs: number;
  readonly secretPrefix: SecretPrefix;
  readonly pepper: Pepper;
  readonly retiredPeppers: readonly Pepper[];
  readonly bcryptCost: number;
  readonly bcryptRecovery: boolean;
  /** The proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly IpNetwork[];
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Within this many milliseconds a change made elsewhere holds here. */
  readonly freshnessBoundMs: number;
  /** How much longer an instance that is cut off from the database uses what it knew, in milliseconds. */
  readonly outageGraceMs: number;
  /** How many keys' facts are kept in memory. */
  readonly cacheMaxKeys: number;
  /** How long a shutdown still accepts requests after readiness turned false, in milliseconds. */
  readonly shutdownDelayMs: number;
  /** Where the process keeps what it makes for itself in development. */
  readonly dataDir: string;
}

export const SECRET_PREFIXES = ['sk_live_', 'sk_test_'] as const;
export type SecretPrefix = (typeof SECRET_PREFIXES)[number];

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ['json', 'pretty'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** The token under which the parsed configuration is injected. */
export const CONFIG = Symbol('config');
