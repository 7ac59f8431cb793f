import type { IpNetwork } from '../common/net/ip-network.js';
import type { ApiEnvironment } from '../common/api-environment.js';

/**
 * What TLS proves about the server: that it holds a certificate for the very host that was named, signed by an authority
 * (`verify`); that its certificate is signed by the given authority, whatever it names (`verify-ca`); nothing (`insecure`).
 */
export const TLS_MODES = ['verify', 'verify-ca', 'insecure'] as const;
export type TlsMode = (typeof TLS_MODES)[number];

/** How to reach the database. */
export interface DatabaseConfig {
  readonly host: string;
  readonly port: number;
  /** A Unix socket; when given, host and port are not used. */
  readonly socketPath: string | undefined;
  readonly user: string;
  readonly password: string;
  readonly name: string;
  readonly tls: { readonly mode: TlsMode; readonly ca: string | undefined } | undefined;
}

/** What a service shows at the internal endpoints, and the name by which the log and the metrics know it. */
export interface InternalToken {
  readonly name: string;
  readonly token: Buffer;
}

/** A pepper: the key of the HMAC that makes digests of secrets. */
export type Pepper = Buffer;

/** Everything that can be set, parsed and checked. */
export interface Config {
  readonly env: ApiEnvironment;
  readonly host: string;
  readonly port: number;
  readonly database: DatabaseConfig;
  /** How many connections the pool may hold; the change feed has one of its own beside it. */
  readonly databasePoolSize: number;
  /** How long the start waits for the database, in milliseconds. */
  readonly databaseWaitMs: number;
  readonly secretPrefix: SecretPrefix;
  readonly pepper: Pepper;
  readonly retiredPeppers: readonly Pepper[];
  readonly bcryptCost: number;
  readonly bcryptRecovery: boolean;
  /** The proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly IpNetwork[];
  /** Where the endpoints for services listen. */
  readonly internalHost: string;
  readonly internalPort: number;
  /** Who may use them; empty: whoever reaches them, which is then this machine alone. */
  readonly internalTokens: readonly InternalToken[];
  /** The header in which a gateway names its client's address, in lower case. */
  readonly forwardAuthAddressHeader: string | undefined;
  /** The gateways whose word is taken for it. */
  readonly forwardAuthTrustedPeers: readonly IpNetwork[];
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Within this many milliseconds a change made elsewhere holds here. */
  readonly freshnessBoundMs: number;
  /** How much longer an instance that is cut off from the database uses what it knew, in milliseconds. */
  readonly outageGraceMs: number;
  /** How many keys' facts are kept in memory. */
  readonly cacheMaxKeys: number;
  /** How many bytes of memory they may take. */
  readonly cacheMaxBytes: number;
  /** How many connections each listener keeps open. */
  readonly maxConnections: number;
  /** How long a shutdown still accepts requests after readiness turned false, in milliseconds. */
  readonly shutdownDelayMs: number;
  /** Where the process keeps what it makes for itself in development. */
  readonly dataDir: string;
}

/** What secrets can begin with. */
export const SECRET_PREFIXES = ['sk_live_', 'sk_test_'] as const;
export type SecretPrefix = (typeof SECRET_PREFIXES)[number];

/** How much is logged, least first. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How a line of the log is written: for programs, or for people. */
export const LOG_FORMATS = ['json', 'pretty'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** The token under which the parsed configuration is injected. */
export const CONFIG = Symbol('config');
