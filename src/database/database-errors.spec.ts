import { QueryFailedError } from 'typeorm';
import { UnavailableError } from '../common/unavailable-error.js';
import { asDomainError, isConflict, isOutage } from './database-errors.js';

const failed = (errno: number) => new QueryFailedError('COMMIT', [], Object.assign(new Error('no'), { errno }));

describe('an error of the database', () => {
  it.each([
    [1213, 'a deadlock, or a conflict on Galera'],
    [3101, 'a conflict in MySQL Group Replication'],
  ])('%d, %s, may be tried again', (errno) => {
    expect(isConflict(failed(errno))).toBe(true);
    expect(asDomainError(failed(errno))).toBeInstanceOf(UnavailableError);
  });

  it.each([
    [1290, 'read-only'],
    [1047, 'not part of its Galera cluster'],
    [3100, 'not part of its replication group'],
    [1053, 'shutting down'],
    [3032, 'offline'],
    [1146, 'without a table, as during a restore'],
    [1051, 'without a table to drop'],
    [1054, 'without a column'],
  ])('%d, %s, is an outage', (errno) => {
    expect(isOutage(failed(errno))).toBe(true);
    expect(isConflict(failed(errno))).toBe(false);
    expect(asDomainError(failed(errno))).toBeInstanceOf(UnavailableError);
  });

  it.each([
    [1062, 'a duplicate'],
    [1064, 'a syntax error'],
    [1406, 'a text that is too long'],
  ])('%d, %s, is passed on as it is', (errno) => {
    const error = failed(errno);
    expect(asDomainError(error)).toBe(error);
  });
});
