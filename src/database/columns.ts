import { Column, PrimaryColumn, type ColumnOptions, type ValueTransformer } from 'typeorm';
import { bytesToId, idToBytes, isPrefixedId, type IdPrefix } from '../common/prefixed-id.js';

/** A primary key: BINARY(16) in the database, a prefixed id in the code. */
export const PrimaryIdColumn = (prefix: IdPrefix) =>
  PrimaryColumn({ type: 'binary', length: 16, transformer: idTransformer(prefix) });

/** The id of another row, in the same form. */
export const IdColumn = (prefix: IdPrefix, options: ColumnOptions = {}) =>
  Column({ type: 'binary', length: 16, transformer: idTransformer(prefix), ...options });

/**
 * A DATETIME as MySQL's own text. Declared as text because TypeORM converts a `datetime` column to
 * a local-time Date, which changes the value in a time zone with daylight saving.
 */
export const DateTimeColumn = (options: ColumnOptions = {}) => Column({ type: 'varchar', length: 19, ...options });

function idTransformer(prefix: IdPrefix): ValueTransformer {
  return {
    to: (id: unknown) => (typeof id === 'string' && isPrefixedId(prefix, id) ? idToBytes(prefix, id) : id),
    from: (bytes: unknown) => (bytes instanceof Uint8Array ? bytesToId(prefix, bytes) : bytes),
  };
}
