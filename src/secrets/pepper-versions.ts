import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Config } from '../config/config.js';
import type { Database } from '../database/database.js';
import { pepperCheckValue, type PepperKeyring } from './pepper-keyring.js';

const SETTING = 'pepper.';
/** For counting the secrets of each pepper: a look at all of them. */
const COUNT_DEADLINE_MS = 30_000;

/** The data was made with a pepper that is not set. Serving would refuse every key. */
export class UnknownPepperError extends Error {
  constructor() {
    super(
      [
        'The data in this database was made with another SECRET_PEPPER, so no key in it would verify. Do one of the following:',
        '  - set SECRET_PEPPER to the one the data was made with (in development it is kept in DATA_DIR/pepper);',
        '  - if this is a rotation, put the old one into SECRET_PEPPER_RETIRED;',
        '  - if the old one is lost, set BCRYPT_RECOVERY=on: each key is checked by bcrypt once, when it is next used.',
      ].join('\n'),
    );
    this.name = 'UnknownPepperError';
  }
}

/**
 * Gives each configured pepper its version. The database keeps a check value for each pepper ever
 * used; one that it does not know gets the next version, provided that the newest known one is
 * configured too.
 * @throws UnknownPepperError
 */
export async function assignPepperVersions(
  database: Database,
  ring: PepperKeyring,
  config: Pick<Config, 'bcryptRecovery'>,
): Promise<void> {
  const wanted = ring.peppers.map(pepperCheckValue);
  let known = await database.read(readVersions);
  if (wanted.some((value) => !known.has(value))) {
    known = await database.transaction(async (transaction) => {
      await transaction.serialize('peppers');
      const before = await readVersions(transaction.manager);
      assertContinuity(before, wanted, config.bcryptRecovery);
      return addVersions(transaction.manager, before, wanted);
    });
  } else {
    assertContinuity(known, wanted, config.bcryptRecovery);
  }
  ring.assign(wanted.map((value) => known.get(value) ?? 0));
}

/**
 * Says in the log how many living keys still need a pepper other than the current one, so that an
 * operator knows when it may go; and warns of those whose pepper is not set. Reads every secret
 * once if there has ever been a rotation, so callers must not wait for it.
 * @throws UnavailableError
 */
export async function reportOldPeppers(database: Database, ring: PepperKeyring): Promise<void> {
  const versions = [...(await database.read(readVersions)).values()];
  const others = versions.filter((version) => version !== ring.currentVersion);
  if (others.length === 0) {
    return;
  }
  const counts = await database.read(
    (manager) =>
      manager.query<{ version: number; living: string }[]>(
        `SELECT s.pepper_version AS version, CAST(COUNT(*) AS CHAR) AS living
           FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id
          WHERE s.pepper_version IN (?) AND k.deleted_at IS NULL
          GROUP BY s.pepper_version ORDER BY s.pepper_version`,
        [others],
      ),
    COUNT_DEADLINE_MS,
  );
  const logger = new Logger('Peppers');
  for (const { version, living } of counts) {
    if (ring.knows(version)) {
      logger.log(`${living} keys still use pepper ${version}: keep it until none are left`);
    } else {
      logger.warn(
        `${living} keys use pepper ${version}, which is not set, and do not verify: add it to SECRET_PEPPER_RETIRED`,
      );
    }
  }
}

/** Check values with their versions. */
type Versions = ReadonlyMap<string, number>;

async function readVersions(manager: EntityManager): Promise<Versions> {
  const rows = await manager.query<{ name: string; value: string }[]>(
    `SELECT name, value FROM settings WHERE name LIKE '${SETTING}%'`,
  );
  return new Map(rows.map(({ name, value }) => [value, Number(name.slice(SETTING.length))]));
}

function assertContinuity(known: Versions, wanted: readonly string[], recovery: boolean): void {
  const newest = [...known].sort(([, a], [, b]) => b - a)[0]?.[0];
  if (newest === undefined || wanted.includes(newest)) {
    return;
  }
  if (!recovery) {
    throw new UnknownPepperError();
  }
  new Logger('Peppers').warn(
    'the newest pepper of the data is not configured: its keys are checked by bcrypt when they are next used',
  );
}

async function addVersions(manager: EntityManager, known: Versions, wanted: readonly string[]): Promise<Versions> {
  const versions = new Map(known);
  for (const value of wanted) {
    if (!versions.has(value)) {
      const version = Math.max(0, ...versions.values()) + 1;
      await manager.query('INSERT INTO settings (name, value, updated_at) VALUES (?, ?, UTC_TIMESTAMP())', [
        `${SETTING}${version}`,
        value,
      ]);
      versions.set(value, version);
    }
  }
  return versions;
}
