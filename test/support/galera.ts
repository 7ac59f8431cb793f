import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { eventually } from './eventually.js';
import { makePrivateDatabase, quietly, type PrivateDatabase } from './private-servers.js';
import type { TestSchema } from './schema.js';

/** Galera's library. `npm test` sets it, or "none" where the installed server has no Galera. */
const PROVIDER = process.env.GALERA_PROVIDER ?? '/usr/lib/galera/libgalera_smm.so';

const SCHEMA = 'latchkey';
const NEVER = new AbortController().signal;
const SYNCED_WITHIN_MS = 30_000;

/**
 * `describe`, or a skipped one with instructions where Galera is missing. In CI it is required,
 * except on MySQL.
 */
export function describeOnGalera(name: string, tests: () => void): void {
  if (PROVIDER !== 'none' && (existsSync(PROVIDER) || process.env.CI === 'true')) {
    describe(name, tests);
    return;
  }
  if (PROVIDER !== 'none') {
    console.warn(
      `${name}: skipped. There is no ${PROVIDER}: install Debian's package galera-4, or set GALERA_PROVIDER.`,
    );
  }
  describe.skip(name, tests);
}

/**
 * Two nodes of one Galera cluster on this machine. Everything acknowledged on one is on the other.
 */
export interface GaleraCluster {
  /** An empty schema, with a connection to the first node. */
  readonly schema: TestSchema;
  /** The same schema on each node, as the product takes it. */
  readonly urls: readonly [string, string];
}

/** Starts it; `schema.drop` ends it, and removes its data. */
export async function startGaleraCluster(): Promise<GaleraCluster> {
  const handover = makeHandover();
  const [one, two, oneIst, twoIst] = await freePorts();
  const first = await makePrivateDatabase(nodeOptions('gcomm://', one, oneIst));
  const second = await makePrivateDatabase(nodeOptions(`gcomm://127.0.0.1:${one}`, two, twoIst));
  const path = process.env.PATH;
  const destroy = async () => {
    process.env.PATH = path;
    for (const { database, folder } of [second, first]) {
      await quietly(() => database.destroy());
      rmSync(folder, { recursive: true, force: true });
    }
    rmSync(handover, { recursive: true, force: true });
  };
  try {
    process.env.PATH = [handover, path].join(delimiter);
    await quietly(async () => {
      // The second node starts from the state of the first, so that only a few events have to be
      // sent.
      await first.database.join(NEVER);
      await first.database.leave();
      await copyData(first.folder, second.folder);
      await first.database.join(NEVER);
      await second.database.join(NEVER);
    });
    return await openCluster(first.database, second.database, destroy);
  } catch (error) {
    await destroy();
    throw error;
  }
}

/** As it is, owner and all: the servers run as a user without rights. */
async function copyData(from: string, to: string): Promise<void> {
  mkdirSync(join(to, 'database'));
  await promisify(execFile)('cp', ['-a', join(from, 'database/data'), join(to, 'database/data')]);
}

async function openCluster(
  first: PrivateDatabase,
  second: PrivateDatabase,
  destroy: () => Promise<void>,
): Promise<GaleraCluster> {
  await Promise.all([first, second].map(untilSynced));
  const connection = await createConnection({ socketPath: socketOf(first), user: 'root', dateStrings: true });
  await connection.query(`CREATE DATABASE ${SCHEMA} CHARACTER SET utf8mb4`);
  await connection.query(`USE ${SCHEMA}`);
  const urls = [urlOf(first), urlOf(second)] as const;
  const drop = async () => {
    connection.destroy();
    await destroy();
  };
  return { schema: { name: SCHEMA, url: urls[0], connection, drop }, urls };
}

function nodeOptions(cluster: string, port: number, istPort: number): string[] {
  const provider = [
    `base_port=${port}`,
    `gmcast.listen_addr=tcp://127.0.0.1:${port}`,
    `ist.recv_addr=127.0.0.1:${istPort}`,
    'gcache.size=16M',
  ];
  return [
    '--binlog-format=ROW',
    '--innodb-autoinc-lock-mode=2',
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-flush-method=nosync',
    '--innodb-buffer-pool-size=32M',
    '--wsrep-on=ON',
    `--wsrep-provider=${PROVIDER}`,
    `--wsrep-cluster-address=${cluster}`,
    `--wsrep-node-address=127.0.0.1:${port}`,
    `--wsrep-provider-options=${provider.join(';')}`,
    '--wsrep-sst-method=handover',
  ];
}

/**
 * A joining node requests the whole state from another one through a program, and does not join
 * without one. Ours transfers only the name of the state, which the new node already has.
 */
function makeHandover(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-galera-'));
  chmodSync(folder, 0o777);
  const note = join(folder, 'state');
  const program = join(folder, 'wsrep_sst_handover');
  writeFileSync(
    program,
    `#!/bin/sh
while [ $# -gt 1 ]; do
  case "$1" in --role) role=$2 ;; --gtid) state=$2 ;; esac
  shift
done
if [ "$role" = donor ]; then
  echo "$state" > ${note}.new && mv ${note}.new ${note}
  echo "done $state"
else
  echo "ready 127.0.0.1:1"
  while [ ! -e ${note} ]; do sleep 0.05; done
  cat ${note}
fi
`,
  );
  chmodSync(program, 0o755);
  return folder;
}

async function untilSynced(database: PrivateDatabase): Promise<void> {
  let failure: unknown;
  // A joining node may close its connections, so each attempt opens a new one.
  const ask = () =>
    isSynced(database).catch((error: unknown) => {
      failure = error;
      return false;
    });
  await eventually('the node belongs to the cluster', ask, SYNCED_WITHIN_MS).catch((error: unknown) => {
    throw new Error('the node does not belong to the cluster', { cause: failure ?? error });
  });
}

async function isSynced(database: PrivateDatabase): Promise<boolean> {
  const connection = await createConnection({ socketPath: socketOf(database), user: 'root' });
  try {
    const [rows] = await connection.query("SHOW STATUS WHERE Variable_name IN ('wsrep_cluster_size', 'wsrep_ready')");
    const status = new Map((rows as Record<string, string>[]).map((row) => [row.Variable_name, row.Value]));
    return status.get('wsrep_cluster_size') === '2' && status.get('wsrep_ready') === 'ON';
  } finally {
    connection.destroy();
  }
}

const urlOf = (database: PrivateDatabase) => {
  const url = new URL(database.url('root'));
  url.pathname = `/${SCHEMA}`;
  return url.href;
};

const socketOf = (database: PrivateDatabase) => new URL(database.url('root')).searchParams.get('socketPath') ?? '';

async function freePorts(): Promise<[number, number, number, number]> {
  const servers = Array.from({ length: 4 }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, '127.0.0.1', () => {
            resolve((server.address() as { port: number }).port);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports as [number, number, number, number];
}
