import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/clock.js';
import { CONFIG, type Config } from '../../config/config.js';
import { UnavailableError } from '../../common/unavailable-error.js';
import { Database } from '../../database/database.js';
import { PoolBusyError } from '../../database/connection-pool.js';
import { decodeSecretId } from '../../secrets/secret-format.js';
import { DatabaseClock } from '../change-feed/database-clock.js';
import { OutageDetector } from './outage-detector.js';
import { VerificationMetrics } from '../verification-metrics.js';
import { compileCachedSecret, serverTimeToMs, type CachedSecret, type CachedSecretRow } from './cached-secret.js';

/** The part of a request's time that may go into identifying its caller. */
const DEADLINE_MS = 1_000;

type Row = CachedSecretRow & { readonly now: string };

/** Reads everything a decision needs, for any number of secrets, in one query by primary key. */
@Injectable()
export class CachedSecretQuery {
  private readonly sql: string;
  private readonly database: Database;

  constructor(
    database: Database,
    private readonly databaseClock: DatabaseClock,
    private readonly outages: OutageDetector,
    private readonly metrics: VerificationMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) config: Pick<Config, 'bcryptRecovery'>,
  ) {
    this.database = database.over('verification');
    this.sql = `
      SELECT UTC_TIMESTAMP(3) AS now, s.id AS secret_id, s.digest, s.pepper_version,
             ${config.bcryptRecovery ? 's.secret_hash' : 'NULL AS secret_hash'}, s.masked, s.not_after,
             k.id AS key_id, k.organization_id, k.label, k.description, k.scopes, k.ip_allow_list, k.expires_at, k.disabled_at,
             k.deleted_at, k.created_at, k.updated_at, o.deactivated_at
        FROM api_key_secrets s
        JOIN api_keys k ON k.id = s.key_id
        JOIN organizations o ON o.id = k.organization_id
       WHERE s.id IN (?)`;
  }

  /**
   * The stored secrets by id; unknown ids are left out. A row that cannot be parsed yields an error
   * of its own: that secret must not verify, and the others must.
   * @throws UnavailableError when the database does not answer in time
   */
  async findAll(secretIds: readonly string[]): Promise<Map<string, CachedSecret | Error>> {
    const byBytes = new Map(secretIds.map((secretId) => [decodeSecretId(secretId).toString('hex'), secretId]));
    const readAtMs = this.clock.monotonicMs();
    const { rows, sentMs } = await this.read([...byBytes.keys()], readAtMs);
    const found = new Map<string, CachedSecret | Error>();
    for (const row of rows) {
      this.databaseClock.observe(serverTimeToMs(row.now), sentMs);
      const secretId = byBytes.get(row.secret_id.toString('hex'));
      if (secretId !== undefined) {
        found.set(secretId, compiled(secretId, row, readAtMs));
      }
    }
    return found;
  }

  private async read(hexIds: readonly string[], startedMs: number): Promise<{ rows: Row[]; sentMs: number }> {
    let sentMs = startedMs;
    const ids = hexIds.map((hex) => Buffer.from(hex, 'hex'));
    try {
      const rows = await this.database.read((manager) => {
        // Taken here, so that waiting for a connection does not put the database clock ahead.
        sentMs = this.clock.monotonicMs();
        return manager.query<Row[]>(this.sql, [ids]);
      }, DEADLINE_MS);
      this.outages.succeeded(startedMs);
      this.metrics.countLoads('found', rows.length);
      this.metrics.countLoads('unknown', ids.length - rows.length);
      return { rows, sentMs };
    } catch (error) {
      this.metrics.countLoads('failed', ids.length);
      if (!(error instanceof UnavailableError)) {
        // The database answered, with an error.
        this.outages.succeeded(startedMs);
      } else if (!(error instanceof PoolBusyError)) {
        this.outages.failed(startedMs);
      }
      throw error;
    }
  }
}

function compiled(secretId: string, row: Row, readAtMs: number): CachedSecret | Error {
  try {
    return compileCachedSecret(secretId, row, readAtMs);
  } catch (error) {
    return error instanceof Error ? error : new TypeError(String(error));
  }
}
