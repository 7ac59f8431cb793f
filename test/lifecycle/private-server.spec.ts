import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { makePrivateDatabase, quietly, type PrivateDatabase } from '../support/private-servers.js';
import { connectionOptions } from '../support/schema.js';

const NOBODY = { uid: 65_534, gid: 65_534 };

/** Only root can choose the user of the server. Otherwise it runs as the current user. */
const describeAsRoot = process.getuid?.() === 0 ? describe : describe.skip;

describeAsRoot('the private server of root', () => {
  let database: PrivateDatabase;
  let folder: string;
  let connection: Connection;
  const { signal } = new AbortController();

  beforeEach(async () => {
    const made = await makePrivateDatabase([]);
    database = made.database;
    folder = join(made.folder, 'database');
    await quietly(() => database.join(signal));
  }, 60_000);

  afterEach(() => quietly(() => database.destroy()), 60_000);

  async function query(sql: string): Promise<RowDataPacket[]> {
    connection = await createConnection(connectionOptions(new URL(database.url('root'))));
    try {
      const [rows] = await connection.query<RowDataPacket[]>(sql);
      return rows;
    } finally {
      await connection.end();
    }
  }

  /** The user of the server, according to its record and to the system. */
  function owner(): number {
    const note = JSON.parse(readFileSync(`${folder}.run/server.json`, 'utf8')) as { process: { pid: number } };
    return statSync(`/proc/${note.process.pid}`).uid;
  }

  function expectAccountOfItsOwn(): void {
    const users = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => Number(line.split(':')[2]));
    const uid = owner();
    expect(users).not.toContain(uid);
    expect([statSync(folder).uid, statSync(folder).mode & 0o777]).toEqual([uid, 0o700]);
    expect(statSync(join(folder, 'data')).uid).toBe(uid);
    const script = `require('net').connect(${JSON.stringify(join(folder, 'server.sock'))}).on('error', ({ code }) => console.log(code)).on('connect', () => process.exit(2))`;
    const { stdout } = spawnSync(process.execPath, ['--eval', script], { ...NOBODY, cwd: '/', encoding: 'utf8' });
    expect(stdout).toBe('EACCES\n');
  }

  it('runs as a user that nothing else runs as, and no other user reaches it', () => {
    expectAccountOfItsOwn();
  });

  it('takes over the data of earlier versions, which `nobody` owned', async () => {
    await query('CREATE DATABASE earlier');
    await query('CREATE TABLE earlier.kept AS SELECT 42 AS value');
    await quietly(() => database.leave());
    execFileSync('chown', ['-R', `${NOBODY.uid}:${NOBODY.gid}`, folder]);
    await quietly(() => database.join(signal));

    expect(await query('SELECT value FROM earlier.kept')).toEqual([{ value: 42 }]);
    expectAccountOfItsOwn();
  });
});
