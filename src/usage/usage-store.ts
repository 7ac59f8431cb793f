import { Injectable } from '@nestjs/common';
import { v7 } from 'uuid';
import { toMysqlDateTime, type MysqlDateTime } from '../common/mysql-datetime.js';
import { idToHex } from '../common/prefixed-id.js';
import { Database } from '../database/database.js';
import type { Transaction } from '../database/transaction.js';
import type { KeyUsage, UsageBatch } from './usage-counts.js';

/** After so many days the sequence of a crashed instance is deleted. */
const ABANDONED_DAYS = 7;
const METER_SETTINGS = 'meter.';

/**
 * Writes batches of counts, each exactly once: the same transaction stores the sequence number of
 * the batch, so that after a commit of unknown outcome a query tells whether it took place.
 */
@Injectable()
export class UsageStore {
  private readonly setting = `${METER_SETTINGS}${v7()}`;

  private readonly database: Database;

  constructor(database: Database) {
    this.database = database.over('system');
  }

  /**
   * Adds the counts of a batch. `sequence` grows with each new batch; a retry uses the same one.
   */
  async write(sequence: number, batch: UsageBatch): Promise<void> {
    const timeText = textsOfSeconds();
    const rows = batch.map((used) => rowText(used, timeText));
    await this.database.transaction(async (transaction) => {
      await this.storeSequence(transaction, sequence);
      await transaction.manager.query(
        `INSERT INTO api_key_metrics (key_id, total_requests, last_used_at) VALUES ${rows.join(',')}
         ON DUPLICATE KEY UPDATE total_requests = total_requests + VALUES(total_requests), last_used_at = GREATEST(last_used_at, VALUES(last_used_at))`,
      );
    });
  }

  /**
   * Whether the batch of this sequence was written. Waits for a commit in progress on the server,
   * because the write below blocks on its lock, so that a "no" stays true. Always a write, even of
   * a missing row or within the same second: on Galera only writes exclude each other.
   */
  async isWritten(sequence: number): Promise<boolean> {
    return this.database.transaction(async ({ manager }) => {
      const fence = v7();
      await manager.query(
        `INSERT INTO settings (name, value, updated_at) VALUES (?, CONCAT('0 ', ?), UTC_TIMESTAMP())
         ON DUPLICATE KEY UPDATE value = CONCAT(SUBSTRING_INDEX(value, ' ', 1), ' ', ?)`,
        [this.setting, fence, fence],
      );
      const [row] = await manager.query<{ value: string }[]>('SELECT value FROM settings WHERE name = ?', [
        this.setting,
      ]);
      return Number.parseInt(row?.value ?? '0', 10) >= sequence;
    });
  }

  /**
   * Deletes this instance's sequence after the last batch, and those of instances that crashed long
   * ago.
   */
  async close(): Promise<void> {
    await this.database.transaction(async ({ manager }) => {
      await manager.query('DELETE FROM settings WHERE name = ?', [this.setting]);
      await manager.query(
        `DELETE FROM settings WHERE name LIKE '${METER_SETTINGS}%' AND updated_at < UTC_TIMESTAMP() - INTERVAL ? DAY`,
        [ABANDONED_DAYS],
      );
    });
  }

  private async storeSequence({ manager }: Transaction, sequence: number): Promise<void> {
    await manager.query(
      `INSERT INTO settings (name, value, updated_at) VALUES (?, ?, UTC_TIMESTAMP())
       ON DUPLICATE KEY UPDATE value = VALUES(value), updated_at = VALUES(updated_at)`,
      [this.setting, String(sequence)],
    );
  }
}

/**
 * Inlined rather than bound: thousands of rows are written each second under load, and the
 * driver is slow for each bound value. An id is hexadecimal digits here, and no other value is
 * text from a client.
 */
function rowText(
  { keyId, requests, lastUsedAtSeconds }: KeyUsage,
  timeText: (seconds: number) => MysqlDateTime,
): string {
  return `(x'${idToHex('api_key_', keyId)}',${requests},'${timeText(lastUsedAtSeconds)}')`;
}

/** Formatted times, each made once: under load all keys were last used within a second or two. */
function textsOfSeconds(): (seconds: number) => MysqlDateTime {
  const known = new Map<number, MysqlDateTime>();
  return (seconds) => {
    const text = known.get(seconds) ?? toMysqlDateTime(new Date(seconds * 1_000));
    known.set(seconds, text);
    return text;
  };
}
