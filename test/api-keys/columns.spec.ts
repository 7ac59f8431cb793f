import type { RowDataPacket } from 'mysql2';
import { DataSource } from 'typeorm';
import { Database } from '../../src/database/database.js';
import { TestApp } from '../support/test-app.js';

describe('the entities', () => {
  let latchkey: TestApp;
  beforeAll(async () => {
    latchkey = await TestApp.start();
  });
  afterAll(() => latchkey.close());

  it.each(['api_keys', 'api_key_secrets', 'organizations'])('name every column of %s', async (table) => {
    const [rows] = await latchkey.schema.connection.query<RowDataPacket[]>(
      'SELECT column_name AS name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?',
      [table],
    );
    const source = await latchkey.app.get(Database).read((manager) => Promise.resolve(manager.dataSource));
    expect(source).toBeInstanceOf(DataSource);
    const columns = source.entityMetadatas
      .filter(({ tableName }) => tableName === table)
      .flatMap((entity) => entity.columns.map(({ databaseName }) => databaseName));
    expect(columns.sort()).toEqual(rows.map(({ name }) => String(name)).sort());
  });
});
