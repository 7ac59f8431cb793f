import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createConnection, createPool } from 'mysql2/promise';
import { mustSucceed } from '../../scripts/support/command.mjs';
import { PrivateDatabase } from '../../scripts/private-server/private-database.mjs';
import { step } from '../../scripts/support/steps.mjs';
import { count } from './format.mjs';
import { makeLatchkeyKeys } from './latchkey-keys.mjs';
import { makePeerKeys } from './peer-keys.mjs';
import { migrate } from './product.mjs';
import { LOAD_CORE, workFolder } from './settings.mjs';

/** Room for a million keys; else as MariaDB comes, so that what is committed is on the disk. */
const OPTIONS = ['--innodb-buffer-pool-size=1G', '--max-allowed-packet=64M'];

/**
 * @typedef {{ connection: import('mysql2/promise').Connection, socket: string, url: string }}
 * Database
 */

/** One server, and on it a database for each candidate. */
export class Databases {
  #server = new PrivateDatabase(join(workFolder, 'database'), { variable: 'DATABASE_URL', options: OPTIONS });

  /** @type {Database} */ ours;
  /** @type {Database} */ few;
  /** @type {Database} */ peer;

  async start(stop) {
    await this.#server.join(stop);
    this.ours = await this.#create('latchkey');
    this.few = await this.#create('latchkey_few');
    this.peer = await this.#create('better_auth');
    const [[{ version }]] = /** @type {[{ version: string }[], unknown]} */ (
      await this.ours.connection.query('SELECT VERSION() AS version')
    );
    this.version = version;
    await this.#pin(stop);
  }

  /**
   * Fills them with keys.
   *
   * @returns {Promise<{ ours: string, few: string, peer: string }>} files of secrets, one a line
   */
  async fill({ keys, few, coldKeys, cached, peerKeys }, stop) {
    const files = {
      ours: join(workFolder, 'ours.txt'),
      few: join(workFolder, 'few.txt'),
      peer: join(workFolder, 'peer.txt'),
    };
    for (const { url } of [this.ours, this.few]) await migrate(url, stop);
    await this.withoutFlushing(async () => {
      await step(`Making ${count(keys)} keys of ours, and ${count(few)} in another database`, async () => {
        await makeLatchkeyKeys(this.ours.connection, keys, { path: files.ours, count: Math.max(coldKeys, cached) });
        await makeLatchkeyKeys(this.few.connection, few, { path: files.few, count: few });
      });
      await step(`Making ${count(peerKeys)} keys of better-auth`, async () => {
        const pool = createPool({ uri: this.peer.url, socketPath: this.peer.socket, timezone: 'Z' });
        await makePeerKeys(pool, peerKeys, files.peer);
        await pool.end();
      });
      for (const { connection } of [this.ours, this.few, this.peer]) await analyse(connection);
    });
    return files;
  }

  /** Does something while the server does not wait for the disk at each commit. */
  async withoutFlushing(work) {
    const { connection } = this.ours;
    await connection.query('SET GLOBAL innodb_flush_log_at_trx_commit = 0');
    try {
      return await work();
    } finally {
      await connection.query('SET GLOBAL innodb_flush_log_at_trx_commit = 1');
    }
  }

  async destroy() {
    for (const { connection } of [this.ours, this.few, this.peer].filter(Boolean)) connection.destroy();
    await this.#server.destroy();
  }

  /**
   * Puts all its threads, and those that it will start, on the load's core: on the servers' they
   * would stop the candidate that is measured.
   */
  async #pin(stop) {
    const question = 'SELECT @@datadir AS dataFolder, @@pid_file AS pidFile';
    const [[{ dataFolder, pidFile }]] = /** @type {[Record<string, string>[], unknown]} */ (
      await this.ours.connection.query(question)
    );
    const pid = readFileSync(resolve(dataFolder, pidFile), 'utf8').trim();
    await mustSucceed('taskset', 'taskset', ['--all-tasks', '--cpu-list', '--pid', LOAD_CORE, pid], { stop });
  }

  async #create(name) {
    const socket = new URL(this.#server.url('root')).searchParams.get('socketPath') ?? '';
    const connection = await createConnection({ socketPath: socket, user: 'root' });
    await connection.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
    await connection.query(`USE ${name}`);
    return { connection, socket, url: this.#server.url('root', name) };
  }
}

async function analyse(connection) {
  const [tables] = await connection.query('SHOW TABLES');
  for (const table of tables) await connection.query(`ANALYZE TABLE \`${Object.values(table)[0]}\``);
}
