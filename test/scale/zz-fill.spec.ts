import { fillMillion } from './million-keys.js';
import { createSchema } from '../support/schema.js';
import { openDatabase } from '../support/open-database.js';
import { Migrator } from '../../src/database/migrator.js';
import { writeFileSync } from 'node:fs';
it('fills', async () => {
  const schema = await createSchema();
  const database = await openDatabase(schema.url);
  await new Migrator(database).up();
  const t = Date.now();
  const m = await fillMillion(schema.connection);
  console.log('fill', Date.now() - t, schema.name, m);
  writeFileSync(process.env.OUT ?? '/tmp/scale_db/out.json', JSON.stringify({ schema: schema.name, ...m }));
  await database.close();
  await schema.connection.end();
}, 400000);
