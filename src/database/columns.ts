import { Column, PrimaryColumn, type ColumnOptions, type ValueTransformer } from 'typeorm';
import { bytesToId, idToBytes, isPrefixedId, type IdPrefix } from '../common/prefixed-id.js';

/** The primary key: an id, BINARY(16) in the database, prefixed text everywhere else. */
export const PrimaryIdColumn = (prefix: IdPrefix) =>
  PrimaryColumn({ type: 'binary', length: 16, transformer: idTransformer(prefix) });

/** Another row's id, in the same form. */
export const IdColumn = (prefix: IdPrefix, options: ColumnOptions = {}) =>
  Column({ type: 'binary', length: 16, transformer: idTransformer(prefix), ...options });

/**
 * A DATETIME that stays MySQL's own text, in and out. Declared as text on purpose: TypeORM turns every column that it
 * knows to be a `datetime` into a local-time Date, which changes the value in a zone with daylight saving.
 */
export const DateTimeColumn = (options: ColumnOptions = {}) => Column({ type: 'varchar', length: 19, ...options });

function idTransformer(prefix: IdPrefix): ValueTransformer {
  return {
    to: (id: unknown) => (typeof id === 'string' && isPrefixedId(prefix, id) ? idToBytes(prefix, id) : id),
    from: (bytes: unknown) => (bytes instanceof Uint8Array ? bytesToId(prefix, bytes) : bytes),
  };
}
