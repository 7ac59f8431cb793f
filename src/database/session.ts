import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2';
import { isOutage, SessionRefusedError } from './database-errors.js';
import { GALERA_SESSION, SESSION, type SessionVariable } from './session-variables.js';

/** A statement, because the variables have other names on MariaDB before 11.1. */
const SET_TRANSACTION = 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE';

/**
 * `@latchkey_connection_id` identifies the connection that was set up. Proxies also stop
 * multiplexing a connection with such a variable.
 */
const SET_VARIABLES = `SET NAMES utf8mb4 COLLATE utf8mb4_bin, @latchkey_connection_id = CONNECTION_ID()${assignments(SESSION)}`;

const SET_GALERA = `SET @latchkey_connection_id = CONNECTION_ID()${assignments(GALERA_SESSION)}`;

/**
 * Three rows have a meaning of their own: `pseudo_thread_id` is present only on the connection that
 * was set up, `version` only if the server decodes text as mysql2 encodes it, `version_comment`
 * only in the right database (some servers use lower case). No character takes four bytes in UTF-8,
 * because on MySQL such a statement makes the process list unreadable while it runs.
 */
const READ_SESSION = `SHOW SESSION VARIABLES WHERE Variable_name IN (${names([...SESSION, ...GALERA_SESSION])}, 'wsrep_on')
  OR Variable_name = IF(CONNECTION_ID() = @latchkey_connection_id, 'pseudo_thread_id', NULL)
  OR Variable_name = IF(HEX('é€') = 'C3A9E282AC', 'version', NULL)
  OR Variable_name = IF(COALESCE(LOWER(DATABASE()), '') = LOWER(COALESCE(?, DATABASE(), '')), 'version_comment', NULL)`;

/** The server's status flag of an open transaction. */
const IN_TRANSACTION = 1;

/**
 * Sets up the session of a new connection, and reads it back in a second statement.
 * @throws SessionRefusedError when the server or a proxy does not keep the session
 */
export async function prepareSession(connection: Connection): Promise<void> {
  try {
    await ask(connection, SET_TRANSACTION);
    const { serverStatus } = await ask<ResultSetHeader>(connection, SET_VARIABLES);
    if ((serverStatus & IN_TRANSACTION) !== 0) {
      // Opened by init_connect, or by the previous user of a proxy's connection.
      await ask(connection, 'ROLLBACK');
    }
    let found = await readSession(connection);
    const isGalera = found.get('wsrep_on') === 'ON';
    if (isGalera) {
      await ask(connection, SET_GALERA);
      found = await readSession(connection);
    }
    assertKept(found, isGalera ? [...SESSION, ...GALERA_SESSION] : SESSION);
  } catch (error) {
    if (error instanceof SessionRefusedError || isOutage(error)) {
      throw error;
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new SessionRefusedError(`the server does not accept the session that this service needs: ${reason}.`, {
      cause: error,
    });
  }
}

function assertKept(found: ReadonlyMap<string, string>, wanted: readonly SessionVariable[]): void {
  const difference = differenceIn(found, wanted);
  if (difference !== null) {
    throw new SessionRefusedError(
      `the session of a connection is not what was set: ${difference}. The server (see init_connect) or a proxy in front of it does not keep the session: connect to the server itself, or let the proxy use session pooling, without multiplexing.`,
    );
  }
}

function differenceIn(found: ReadonlyMap<string, string>, wanted: readonly SessionVariable[]): string | null {
  if (found.size > wanted.length / 2 && !found.has('pseudo_thread_id')) {
    return 'CONNECTION_ID() is not that of the connection that was set up, because a proxy distributes the statements of one connection over several';
  }
  const version = found.get('version');
  for (const { name, alias, reads, only } of wanted) {
    const value = found.get(name) ?? found.get(alias ?? name);
    const isHere = only === undefined || version?.includes('MariaDB') === (only === 'MariaDB');
    if (isHere && reads !== null && value !== reads) {
      return `${name} is ${value === undefined ? 'not listed' : `"${value}"`}, and was set to "${reads}"`;
    }
  }
  if (version === undefined) {
    return 'the server does not read text as UTF-8';
  }
  return found.has('version_comment') ? null : 'DATABASE() is not the database that DATABASE_URL names';
}

async function readSession(connection: Connection): Promise<Map<string, string>> {
  const rows = await ask<VariableRow[]>(connection, READ_SESSION, [connection.config.database ?? null]);
  return new Map(rows.map(({ Variable_name: name, Value: value }) => [name, value]));
}

interface VariableRow extends RowDataPacket {
  readonly Variable_name: string;
  readonly Value: string;
}

function ask<T extends ResultSetHeader | VariableRow[]>(
  connection: Connection,
  sql: string,
  values: readonly (string | null)[] = [],
): Promise<T> {
  return new Promise((resolve, reject) => {
    connection.query<T>(sql, [...values], (error, result) => {
      if (error === null) {
        resolve(result);
      } else {
        reject(error);
      }
    });
  });
}

/** A variable of one kind of server is in a comment that the other kind skips. */
function assignments(variables: readonly SessionVariable[]): string {
  return variables
    .filter(({ sql }) => sql !== undefined)
    .map(({ name, sql, only }) => {
      const assignment = `, SESSION ${name} = ${sql ?? ''}`;
      switch (only) {
        case 'MySQL':
          return `/*!80000 ${assignment} */`;
        case 'MariaDB':
          return `/*M!101100 ${assignment} */`;
        case undefined:
          return assignment;
      }
    })
    .join('');
}

function names(variables: readonly SessionVariable[]): string {
  return variables
    .flatMap(({ name, alias }) => [name, ...(alias === undefined ? [] : [alias])])
    .map((name) => `'${name}'`)
    .join(', ');
}
