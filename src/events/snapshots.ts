import { isDeepStrictEqual } from 'node:util';
import type { MysqlDateTime } from '../common/mysql-datetime.js';

/** The fields of an API key that can change. Never a secret. */
export interface ApiKeySnapshot {
  readonly label: string;
  readonly description: string | null;
  readonly scopes: readonly string[];
  /** In canonical form; empty: any address. */
  readonly ipAllowList: readonly string[];
  readonly expiresAt: MysqlDateTime | null;
  readonly disabledAt: MysqlDateTime | null;
  readonly deletedAt: MysqlDateTime | null;
  readonly updatedAt: MysqlDateTime | null;
}

/** The fields of an organization that can change. */
export interface OrganizationSnapshot {
  readonly name: string;
  readonly deactivatedAt: MysqlDateTime | null;
  readonly updatedAt: MysqlDateTime | null;
}

/** The fields of a stored secret that can change, except its digest. */
export interface SecretSnapshot {
  /** Null: an imported secret without a digest. */
  readonly pepperVersion: number | null;
}

/**
 * Copies the fields of a snapshot and nothing else, so that later changes to the row do not reach
 * the event.
 */
export function apiKeySnapshot(key: ApiKeySnapshot): ApiKeySnapshot {
  const { label, description, scopes, ipAllowList, expiresAt, disabledAt, deletedAt, updatedAt } = key;
  return {
    label,
    description,
    scopes: [...scopes],
    ipAllowList: [...ipAllowList],
    expiresAt,
    disabledAt,
    deletedAt,
    updatedAt,
  };
}

/** Copies the fields of a snapshot and nothing else. */
export function organizationSnapshot({ name, deactivatedAt, updatedAt }: OrganizationSnapshot): OrganizationSnapshot {
  return { name, deactivatedAt, updatedAt };
}

/** The fields whose values differ. */
export function changedFields<T extends object>(before: T, after: T): (keyof T)[] {
  const fields = Object.keys({ ...before, ...after }) as (keyof T)[];
  return fields.filter((field) => !isDeepStrictEqual(before[field], after[field]));
}
