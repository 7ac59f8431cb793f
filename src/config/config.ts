import type { IpNetwork } from '../common/net/ip-network.js';
import type { ApiEnvironment } from '../common/api-environment.js';

/**
 * What TLS verifies: a certificate for the host, signed by a trusted authority (`verify`); any
 * certificate signed by the given authority (`verify-ca`); nothing (`insecure`).
 */
export const TLS_MODES = ['verify', 'verify-ca', 'insecure'] as const;
export type TlsMode = (typeof TLS_MODES)[number];

/** The connection to the database. */
export interface DatabaseConfig {
  readonly host: string;
  readonly port: number;
  /** A Unix socket. If given, host and port are not used. */
  readonly socketPath: string | undefined;
  readonly user: string;
  readonly password: string;
  readonly name: string;
  readonly tls: { readonly mode: TlsMode; readonly ca: string | undefined } | undefined;
}

/** The token of a service for the internal listener, and its name in the log and the metrics. */
export interface InternalToken {
  readonly name: string;
  readonly token: Buffer;
}

/** A pepper: the HMAC key of secret digests. */
export type Pepper = Buffer;

/** The whole configuration, parsed and validated. */
export interface Config {
  readonly env: ApiEnvironment;
  readonly host: string;
  readonly port: number;
  readonly database: DatabaseConfig;
  /** The maximum number of pooled connections. The change feed has one more. */
  readonly databasePoolSize: number;
  /** How long the start waits for the database, in milliseconds. */
  readonly databaseWaitMs: number;
  readonly secretPrefix: SecretPrefix;
  readonly pepper: Pepper;
  readonly retiredPeppers: readonly Pepper[];
  readonly bcryptCost: number;
  readonly bcryptRecovery: boolean;
  /** The proxies whose X-Forwarded-For is trusted. */
  readonly trustedProxies: readonly IpNetwork[];
  /** The address of the internal listener. */
  readonly internalHost: string;
  readonly internalPort: number;
  /** The services that may use it. Empty: any process of this machine. */
  readonly internalTokens: readonly InternalToken[];
  /** The header in which a gateway sends its client's address, in lower case. */
  readonly forwardAuthAddressHeader: string | undefined;
  /** The gateways trusted to set that header. */
  readonly forwardAuthTrustedPeers: readonly IpNetwork[];
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** The maximum time until a change made on another instance applies here, in milliseconds. */
  readonly freshnessBoundMs: number;
  /** How long an instance without a database verifies from its cache, in milliseconds. */
  readonly outageGraceMs: number;
  /** The maximum number of cached keys. */
  readonly cacheMaxKeys: number;
  /** The maximum size of the cache in bytes. */
  readonly cacheMaxBytes: number;
  /** The maximum number of open connections of each listener. */
  readonly maxConnections: number;
  /** How long a shutdown still accepts requests after readiness turned false, in milliseconds. */
  readonly shutdownDelayMs: number;
  /** The folder for generated development data. */
  readonly dataDir: string;
}

/** The possible prefixes of secrets. */
export const SECRET_PREFIXES = ['sk_live_', 'sk_test_'] as const;
export type SecretPrefix = (typeof SECRET_PREFIXES)[number];

/** The log levels, from least to most output. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The formats of log lines: for programs, or for people. */
export const LOG_FORMATS = ['json', 'pretty'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** The token of the parsed configuration. */
export const CONFIG = Symbol('config');
