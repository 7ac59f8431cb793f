import { ValidateBy, type ValidationOptions } from 'class-validator';
import { parseMysqlDateTime } from '../../../common/mysql-datetime.js';

/**
 * Checks that a value is an existing date and time in MySQL's format, in UTC.
 * @example
 * @IsMysqlDateTime()
 * expires_at!: MysqlDateTime;
 */
export const IsMysqlDateTime = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isMysqlDateTime',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && parseMysqlDateTime(value) !== null,
        defaultMessage: () => 'must be a valid UTC date-time (YYYY-MM-DD HH:MM:SS), or null',
      },
    },
    options,
  );
