import { getMetadataArgsStorage } from 'typeorm';
import { apiKeySnapshot, type ApiKeySnapshot } from '../events/snapshots.js';
import { ApiKey } from './api-key.entity.js';

/** Columns that never change, or say nothing about the key. */
const FIXED = ['id', 'organizationId', 'createdBy', 'createdAt', 'revision'] as const;

/** Fails to compile while a column that can change is missing from the snapshot in events. */
type MissingField = Exclude<keyof ApiKey, (typeof FIXED)[number] | 'authority' | keyof ApiKeySnapshot>;
const IS_COMPLETE: [MissingField] extends [never] ? true : MissingField = true;

describe('a column of api_keys', () => {
  it('is part of the snapshot in every event of the key, unless it never changes', () => {
    const columns = getMetadataArgsStorage()
      .filterColumns(ApiKey)
      .map(({ propertyName }) => propertyName);
    const key = Object.assign(new ApiKey(), { scopes: [], ipAllowList: [] });
    expect(columns.filter((column) => !FIXED.some((fixed) => fixed === column)).sort()).toEqual(
      Object.keys(apiKeySnapshot(key)).sort(),
    );
    expect(IS_COMPLETE).toBe(true);
  });
});
