import { Inject, Injectable } from '@nestjs/common';
import type { Change } from '../../change-log/change-log.js';
import { bytesToId } from '../../common/prefixed-id.js';
import { CONFIG, type Config } from '../../config/config.js';
import { DedicatedConnection } from '../../database/dedicated-connection.js';
import { serverTimeToMs } from '../cache/cached-secret.js';

/**
 * Longer than the longest transaction, and than a commit may hang on the server: semi-synchronous
 * replication gives up on its replica after 10 s. Entries that commit after younger ones, and gaps
 * in their ids, do not matter. The entries of a commit that hangs for longer are written again by
 * `UnconfirmedCommits`.
 */
export const OVERLAP_MS = 20_000;
const DEADLINE_MS = 400;
/** More than this in one poll is a flood: whoever asks starts over instead. */
const MAX_ENTRIES = 20_000;

/** A entry of a change, as it stands in the database. */
export interface ChangeLogEntry extends Change {
  readonly id: string;
  readonly createdMs: number;
}

/** The newest entry that is known, by which a database that was put back to an earlier state gives itself away. */
export type Cursor = Pick<ChangeLogEntry, 'id' | 'createdMs'>;

/** What one poll brings. */
export interface FeedPage {
  /** The database's time, milliseconds since the epoch. */
  readonly nowMs: number;
  /** Names this database; another one has another. */
  readonly epoch: string | null;
  /** Whether the cursor's entry is still there, as it was. */
  readonly cursorHolds: boolean;
  /** The newest entry there is. */
  readonly newest: Cursor | null;
  /** Null: too many to be told one by one. */
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

/** Reads the change feed, on a connection of its own, within 400 ms or not at all. */
@Injectable()
export class ChangeFeedReader {
  private readonly connection: DedicatedConnection;

  constructor(@Inject(CONFIG) config: Pick<Config, 'database'>) {
    this.connection = new DedicatedConnection(config.database);
  }

  /**
   * The entries since the given time of the database, less the overlap; and all after `fenceId`, whatever time they bear: that of a
   * server whose clock is behind, say.
   * @throws UnavailableError
   */
  async read(sinceMs: number | null, cursor: Cursor | null, fenceId: string | null): Promise<FeedPage> {
    const since = sinceMs === null ? `UTC_TIMESTAMP(3) - INTERVAL ${OVERLAP_MS / 1_000} SECOND` : '?';
    const entries = 'SELECT id, organization_id, key_id, created_at FROM key_changes';
    const rows = await this.connection.query<Row>(
      `SELECT h.*, c.id, c.organization_id, c.key_id, c.created_at
         FROM (SELECT UTC_TIMESTAMP(3) AS now,
                      (SELECT value FROM settings WHERE name = 'feed.epoch') AS epoch,
                      (SELECT created_at FROM key_changes WHERE id = ?) AS cursor_created_at,
                      (SELECT id FROM key_changes ORDER BY id DESC LIMIT 1) AS newest_id,
                      (SELECT created_at FROM key_changes ORDER BY id DESC LIMIT 1) AS newest_created_at) h
         LEFT JOIN (${entries} WHERE created_at >= ${since}${fenceId === null ? '' : ` UNION ${entries} WHERE id > ?`}) c ON TRUE
        ORDER BY c.id
        LIMIT ${MAX_ENTRIES + 1}`,
      [
        cursor?.id ?? null,
        ...(sinceMs === null ? [] : [toServerTime(sinceMs - OVERLAP_MS)]),
        ...(fenceId === null ? [] : [fenceId]),
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
    throw new TypeError('a poll of the change feed brought nothing');
  }
  const cursorHolds =
    cursor === null || (head.cursor_created_at !== null && serverTimeToMs(head.cursor_created_at) === cursor.createdMs);
  const entries = rows.length > MAX_ENTRIES ? null : rows.flatMap((row) => entryOf(row) ?? []);
  const newest =
    head.newest_id === null || head.newest_created_at === null
      ? null
      : { id: String(head.newest_id), createdMs: serverTimeToMs(head.newest_created_at) };
  return { nowMs: serverTimeToMs(head.now), epoch: head.epoch, cursorHolds, newest, entries };
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

/** As MySQL writes a DATETIME(3). */
function toServerTime(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
}
