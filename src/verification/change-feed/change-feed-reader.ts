import { Inject, Injectable } from '@nestjs/common';
import type { Change } from '../../change-log/change-log.js';
import { bytesToId } from '../../common/prefixed-id.js';
import { CONFIG, type Config } from '../../config/config.js';
import { DedicatedConnection } from '../../database/dedicated-connection.js';
import { serverTimeToMs } from '../cache/cached-secret.js';

/**
 * The part of the change log that each poll reads again. It is longer than the longest transaction,
 * and than a commit may hang on the server (semi-synchronous replication gives up on its replica
 * after 10 s), so entries may commit out of order. The entries of a commit that hangs for longer
 * are written again by `UnconfirmedCommits`.
 */
export const OVERLAP_MS = 20_000;
const DEADLINE_MS = 400;
/** With more entries than this in one page, the cache is emptied instead. */
const MAX_ENTRIES = 20_000;

/** A row of the change log. */
export interface ChangeLogEntry extends Change {
  readonly id: string;
  readonly createdMs: number;
}

/**
 * The newest entry known. If it is missing later, the database has been restored to an earlier
 * state.
 */
export type Cursor = Pick<ChangeLogEntry, 'id' | 'createdMs'>;

/** Where the next page begins. All null: at the beginning. */
export interface ReadFrom {
  /** The database's time at the last page. */
  readonly sinceMs: number | null;
  /** The newest entry at the last page. */
  readonly cursor: Cursor | null;
  /** The id that was the newest one an overlap ago: every entry above it is read again. */
  readonly aboveId: string | null;
}

/** The answer to one poll. */
export interface FeedPage {
  /** The database's time, milliseconds since the epoch. */
  readonly nowMs: number;
  /** Identifies the database. A different value means a different database. */
  readonly epoch: string | null;
  /** Whether the cursor's entry still exists, unchanged. */
  readonly cursorExists: boolean;
  /** The newest entry of the log. */
  readonly newest: Cursor | null;
  /** Null: more than a page may hold. */
  readonly entries: readonly ChangeLogEntry[] | null;
}

interface Row {
  readonly now: string;
  readonly epoch: string | null;
  readonly cursor_created_at: string | null;
  readonly newest_id: number | string | null;
  readonly newest_created_at: string | null;
  readonly id: number | string | null;
  readonly organization_id: Buffer | null;
  readonly key_id: Buffer | null;
  readonly created_at: string | null;
}

/** Reads the change log on a connection of its own, with a deadline of 400 ms. */
@Injectable()
export class ChangeFeedReader {
  private readonly connection: DedicatedConnection;

  constructor(@Inject(CONFIG) config: Pick<Config, 'database'>) {
    this.connection = new DedicatedConnection(config.database);
  }

  /**
   * Reads the entries written since `sinceMs` less the overlap, and all with an id above `aboveId`,
   * whatever their time: on a cluster, the clock of the server that wrote one may be behind.
   * @throws UnavailableError when the database does not answer in time
   */
  async read({ sinceMs, cursor, aboveId }: ReadFrom): Promise<FeedPage> {
    const since = sinceMs === null ? `UTC_TIMESTAMP(3) - INTERVAL ${OVERLAP_MS / 1_000} SECOND` : '?';
    const entries = 'SELECT id, organization_id, key_id, created_at FROM key_changes';
    const rows = await this.connection.query<Row>(
      `SELECT h.*, c.id, c.organization_id, c.key_id, c.created_at
         FROM (SELECT UTC_TIMESTAMP(3) AS now,
                      (SELECT value FROM settings WHERE name = 'feed.epoch') AS epoch,
                      (SELECT created_at FROM key_changes WHERE id = ?) AS cursor_created_at,
                      (SELECT id FROM key_changes ORDER BY id DESC LIMIT 1) AS newest_id,
                      (SELECT created_at FROM key_changes ORDER BY id DESC LIMIT 1) AS newest_created_at) h
         LEFT JOIN (${entries} WHERE created_at >= ${since}${aboveId === null ? '' : ` UNION ${entries} WHERE id > ?`}) c ON TRUE
        ORDER BY c.id
        LIMIT ${MAX_ENTRIES + 1}`,
      [
        cursor?.id ?? null,
        ...(sinceMs === null ? [] : [toServerTime(sinceMs - OVERLAP_MS)]),
        ...(aboveId === null ? [] : [aboveId]),
      ],
      DEADLINE_MS,
    );
    return pageOf(rows, cursor);
  }

  close(): void {
    this.connection.destroy();
  }
}

function pageOf(rows: readonly Row[], cursor: Cursor | null): FeedPage {
  const [head] = rows;
  if (head === undefined) {
    throw new TypeError('a poll of the change feed returned no row');
  }
  const cursorExists =
    cursor === null || (head.cursor_created_at !== null && serverTimeToMs(head.cursor_created_at) === cursor.createdMs);
  const entries = rows.length > MAX_ENTRIES ? null : rows.flatMap((row) => entryOf(row) ?? []);
  const newest =
    head.newest_id === null || head.newest_created_at === null
      ? null
      : { id: String(head.newest_id), createdMs: serverTimeToMs(head.newest_created_at) };
  return { nowMs: serverTimeToMs(head.now), epoch: head.epoch, cursorExists, newest, entries };
}

function entryOf({ id, organization_id, key_id, created_at }: Row): ChangeLogEntry | null {
  if (id === null || organization_id === null || created_at === null) {
    return null;
  }
  return {
    id: String(id),
    createdMs: serverTimeToMs(created_at),
    organizationId: bytesToId('org_', organization_id),
    ...(key_id !== null && { keyId: bytesToId('api_key_', key_id) }),
  };
}

/** MySQL's text form of a DATETIME(3). */
function toServerTime(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
}
