import { createServer } from 'node:net';
import type { Connection } from 'mysql2/promise';
import { endProcesses } from '../support/running-process.js';
import { runCli, TestProcess } from '../support/test-process.js';
import { startServer, type StoppableServer } from '../support/stoppable-server.js';

/** Longer than the test looks: whatever ends earlier has not waited. */
const FOREVER = { DATABASE_WAIT_MS: '600000' };

const PASSWORD = 'hunter2-the-right-one';
const WRONG = 'hunter2-the-wrong-one';

interface Refusal {
  readonly why: string;
  readonly url: (at: string) => string;
  readonly says: readonly string[];
}

const REFUSALS: readonly Refusal[] = [
  {
    why: 'a wrong password',
    url: (at) => `mysql://client:${WRONG}@localhost/latchkey${at}`,
    says: ['refused the user "client"', 'Check the user and the password in DATABASE_URL'],
  },
  {
    why: 'an unknown user',
    url: (at) => `mysql://stranger:${WRONG}@localhost/latchkey${at}`,
    says: ['refused the user "stranger"', 'Check the user and the password in DATABASE_URL'],
  },
  {
    why: 'an unknown database',
    url: (at) => `mysql://root@localhost/typo${at}`,
    says: ['no database "typo"', 'check the name at the end of DATABASE_URL'],
  },
  {
    why: 'a database of somebody else',
    url: (at) => `mysql://client:${PASSWORD}@localhost/mysql${at}`,
    says: ['"client" may not use the database "mysql"', 'DATABASE_URL'],
  },
  {
    why: 'TLS that the server does not have',
    url: (at) => `mysql://client:${PASSWORD}@localhost/latchkey${at}&tls=insecure`,
    says: ['the TLS connection failed', 'Check tls= and ca= in DATABASE_URL'],
  },
];

describe('a database that refuses the login', () => {
  let server: StoppableServer;
  let admin: Connection;

  beforeAll(async () => {
    server = await startServer(['--loose-skip-ssl', '--loose-tls-version=']);
    admin = await server.connect();
    await admin.query('CREATE USER client@localhost IDENTIFIED BY ?', [PASSWORD]);
    await admin.query('GRANT ALL PRIVILEGES ON latchkey.* TO client@localhost');
  }, 60_000);

  afterEach(() => endProcesses());

  afterAll(async () => {
    await admin.end();
    await server.destroy();
  }, 60_000);

  const at = () => `?socketPath=${encodeURIComponent(server.socketPath)}`;

  function expectSaid(stderr: string, { says, url }: Refusal): void {
    expect(stderr).toMatch(/^The database cannot be used: /);
    for (const text of says) {
      expect(stderr).toContain(text);
    }
    for (const hidden of [PASSWORD, WRONG, url(at()), 'about your key', 'too busy']) {
      expect(stderr).not.toContain(hidden);
    }
    expect(stderr).not.toMatch(/^\s+at /m);
  }

  it.each(REFUSALS)('because of $why ends a command at once with what to check', async (refusal) => {
    const runs = await Promise.all(
      [['migrate'], ['list-organizations']].map((args) => runCli(refusal.url(at()), args, FOREVER)),
    );
    for (const { code, stdout, stderr } of runs) {
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expectSaid(stderr, refusal);
    }
  });

  it.each(REFUSALS)('because of $why ends a start at once with what to check', async (refusal) => {
    const product = new TestProcess({ database: refusal.url(at()), env: FOREVER });
    expect(await product.ends()).toBe(1);
    expectSaid(product.stderr, refusal);
    expect(product.stdout).not.toContain(WRONG);
  });
});

describe('a command whose database fails it', () => {
  let server: StoppableServer;
  let admin: Connection;

  beforeAll(async () => {
    server = await startServer();
    admin = await server.connect();
  }, 60_000);

  afterEach(() => endProcesses());

  afterAll(async () => {
    await admin.end();
    await server.destroy();
  }, 60_000);

  const urlOf = (user: string) =>
    `mysql://${user}@localhost/latchkey?socketPath=${encodeURIComponent(server.socketPath)}`;

  it('because nothing listens names which part of DATABASE_URL leads there', async () => {
    const { code, stderr } = await runCli('mysql://root@127.0.0.1:1/latchkey', ['migrate']);
    expect(code).toBe(1);
    expect(stderr).toContain('host and port (127.0.0.1:1) in DATABASE_URL');
    expect(stderr).not.toContain('about your key');
  });

  it('because something else listens names the same', async () => {
    const other = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n')).listen(0, '127.0.0.1');
    await new Promise((done) => other.once('listening', done));
    const { port } = other.address() as { readonly port: number };
    try {
      const { code, stderr } = await runCli(`mysql://root@127.0.0.1:${port}/latchkey`, ['migrate']);
      expect(code).toBe(1);
      expect(stderr).toContain(`host and port (127.0.0.1:${port}) in DATABASE_URL`);
    } finally {
      other.close();
    }
  });

  it('because the account may not create tables names the right, for a command and for a start', async () => {
    await admin.query('CREATE USER poor@localhost');
    await admin.query('GRANT SELECT, INSERT, UPDATE, DELETE ON latchkey.* TO poor@localhost');
    const { code, stderr } = await runCli(urlOf('poor'), ['migrate']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The database account lacks a right: .*CREATE command denied to user 'poor'/);
    expect(stderr).toContain('DATABASE_URL');
    const product = new TestProcess({ program: 'start', database: urlOf('poor') });
    expect(await product.ends()).toBe(1);
    expect(product.stderr).toMatch(/^The database account lacks a right: /);
  });

  it('because it is read-only is reported as a failure of the database, not of a key', async () => {
    expect(await runCli(urlOf('latchkey'), ['migrate'])).toMatchObject({ code: 0 });
    await admin.query('SET GLOBAL read_only = 1');
    try {
      const { code, stderr } = await runCli(urlOf('latchkey'), ['create-organization', '--name', 'Acme']);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^The database cannot be used: .*read-only/);
      expect(stderr).not.toContain('about your key');
    } finally {
      await admin.query('SET GLOBAL read_only = 0');
    }
  });

  it('not by an account without the right to create anything, once nothing is left to migrate', async () => {
    expect(await runCli(urlOf('latchkey'), ['migrate'])).toMatchObject({ code: 0 });
    expect(await runCli(urlOf('poor'), ['migrate'])).toMatchObject({ code: 0, stderr: '' });
    const product = new TestProcess({ program: 'start', database: urlOf('poor') });
    await product.ready();
    expect(await product.stop()).toBe(0);
  });
});
