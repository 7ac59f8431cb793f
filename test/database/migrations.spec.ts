import type { RowDataPacket } from 'mysql2/promise';
import type { Database } from '../../src/database/database.js';
import { MIGRATIONS } from '../../src/database/migrations.js';
import { Migrator } from '../../src/database/migrator.js';
import { type KeyOnWire, KeysClient } from '../support/api-client.js';
import { endProcesses } from '../support/running-process.js';
import { runCli, TestProcess } from '../support/test-process.js';
import { openDatabase } from '../support/open-database.js';
import { createSchema, type TestSchema } from '../support/schema.js';

const TABLES = [
  'api_key_metrics',
  'api_key_secrets',
  'api_keys',
  'key_changes',
  'migrations',
  'organizations',
  'settings',
];

const ALL = MIGRATIONS.map(({ name }) => name);

describe('migrations', () => {
  let schema: TestSchema;
  const opened: Database[] = [];

  async function migrator(): Promise<Migrator> {
    const database = await openDatabase(schema.url);
    opened.push(database);
    return new Migrator(database);
  }

  async function columnOf(sql: string): Promise<unknown[]> {
    const [rows] = await schema.connection.query<RowDataPacket[]>(sql, [schema.name]);
    return rows.map((row) => Object.values(row)[0] as unknown);
  }

  const tables = async () =>
    (await columnOf('SELECT table_name FROM information_schema.tables WHERE table_schema = ?')).sort();

  /** The whole schema from the information schema: columns and indexes, each as one text. */
  const shape = () =>
    columnOf(
      `SELECT CONCAT_WS(' ', table_name, column_name, ordinal_position, column_type, is_nullable, collation_name, extra) AS line
         FROM information_schema.columns WHERE table_schema = ? ORDER BY line`,
    );

  beforeEach(async () => {
    schema = await createSchema();
    // The default of many a server that has been upgraded for fifteen years.
    await schema.connection.query(`ALTER DATABASE ${schema.name} CHARACTER SET latin1 COLLATE latin1_swedish_ci`);
  });

  afterEach(async () => {
    await endProcesses();
    await Promise.all(opened.splice(0).map((database) => database.close()));
    await schema.drop();
  });

  it('make the same schema again after they were taken back', async () => {
    const migrations = await migrator();

    const applied = await migrations.up();
    const first = await shape();
    expect(applied).toEqual(ALL);
    expect(await tables()).toEqual(TABLES);

    for (const { length: left } of applied.map((_, index) => applied.slice(0, -1 - index))) {
      await migrations.down();
      expect(await columnOf('SELECT name FROM migrations ORDER BY timestamp')).toEqual(ALL.slice(0, left));
      expect(await migrations.isPending()).toBe(true);
    }
    expect(await tables()).toEqual(['migrations']);

    expect(await migrations.up()).toEqual(applied);
    expect(await shape()).toEqual(first);
    expect(await migrations.isPending()).toBe(false);
  });

  it('do nothing on a schema that is up to date', async () => {
    const migrations = await migrator();
    await migrations.up();
    const before = await shape();

    expect(await migrations.up()).toEqual([]);
    expect(await shape()).toEqual(before);
  });

  it('name engine, charset and collation on every table, whatever the default of the server', async () => {
    await (await migrator()).up();

    const [rows] = await schema.connection.query<RowDataPacket[]>(
      `SELECT table_name AS name, engine AS engine, table_collation AS collation FROM information_schema.tables
        WHERE table_schema = ?`,
      [schema.name],
    );
    expect(rows).toHaveLength(TABLES.length);
    expect(rows).toEqual(
      expect.arrayContaining(TABLES.map((name) => ({ name, engine: 'InnoDB', collation: 'utf8mb4_bin' }))),
    );
    const collations = await columnOf(
      `SELECT DISTINCT collation_name AS collation FROM information_schema.columns
        WHERE table_schema = ? AND collation_name IS NOT NULL ORDER BY collation`,
    );
    expect(collations).toEqual(['ascii_bin', 'utf8mb4_bin']);
  });

  it('keep every moment in a native DATETIME column', async () => {
    await (await migrator()).up();

    const types = await columnOf(
      `SELECT DISTINCT data_type AS type FROM information_schema.columns
        WHERE table_schema = ? AND (column_name LIKE '%\\_at' OR column_name = 'not_after')`,
    );
    expect(types).toEqual(['datetime']);
  });

  it('can be asked about on an empty schema without anything being made', async () => {
    expect(await (await migrator()).isPending()).toBe(true);
    expect(await tables()).toEqual([]);
  });

  it('of a newer version do not keep an older one from starting', async () => {
    const migrations = await migrator();
    await migrations.up();
    await schema.connection.query("INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'FromTheFuture')");

    expect(await migrations.isPending()).toBe(false);
    expect(await migrations.up()).toEqual([]);
  });

  it('are applied once when two processes migrate at the same time', async () => {
    const runs = await Promise.all([runCli(schema.url, ['migrate']), runCli(schema.url, ['migrate'])]);

    expect(runs.map(({ code, stderr }) => ({ code, stderr }))).toEqual(Array(2).fill({ code: 0, stderr: '' }));
    const applied = runs.map(({ stdout }) => (JSON.parse(stdout) as { applied: string[] }).applied);
    expect(applied.flat()).toEqual(ALL);
    expect(await columnOf('SELECT name FROM migrations ORDER BY timestamp')).toEqual(ALL);
  });

  it('can be taken back by the command line, one at a time', async () => {
    expect(await runCli(schema.url, ['migrate'])).toMatchObject({ code: 0 });
    const { code, stdout } = await runCli(schema.url, ['migrate', '--down']);

    expect({ code, printed: JSON.parse(stdout) as unknown }).toEqual({ code: 0, printed: { reverted: true } });
    expect(await columnOf('SELECT name FROM migrations ORDER BY timestamp')).toEqual(ALL.slice(0, -1));
  });

  it('that came later, and only added to the schema, do not disturb an older service', async () => {
    await (await migrator()).up();
    for (const statement of [
      "ALTER TABLE organizations ADD plan VARCHAR(20) NOT NULL DEFAULT 'free' FIRST",
      'ALTER TABLE api_keys ADD owner_id BINARY(16) NULL AFTER id',
      'ALTER TABLE api_key_secrets ADD used_at DATETIME NULL FIRST',
      'ALTER TABLE key_changes ADD reason VARCHAR(20) NULL AFTER id',
      'CREATE TABLE webhooks (id BINARY(16) NOT NULL PRIMARY KEY)',
      "INSERT INTO settings (name, value, updated_at) VALUES ('webhooks.epoch', 'x', UTC_TIMESTAMP())",
      "INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'FromTheFuture')",
    ]) {
      await schema.connection.query(statement);
    }
    const run = async (...args: string[]) => JSON.parse((await runCli(schema.url, args)).stdout) as { id: string };
    const { id } = await run('create-organization', '--name', 'Acme');
    const { secret } = (await run('create-key', '--organization', id, '--label', 'Root')) as unknown as KeyOnWire;
    const product = new TestProcess({ database: schema.url });
    const client = new KeysClient({ url: await product.ready() }, secret);

    const made = await client.create({ label: 'Made' });
    expect(made.status).toBe(200);
    const path = made.body.data.id;
    expect((await client.update(path, { label: 'Made', scopes: ['invoices.read'] })).body).toMatchObject({
      status: 200,
      data: { scopes: ['invoices.read'] },
    });
    expect((await client.list()).status).toBe(200);
    expect((await client.get(path)).status).toBe(200);
    expect((await client.delete(path)).status).toBe(200);
    expect(await product.stop()).toBe(0);
  });
});
