import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Page } from '../contract/page.js';
import type { ApiKeyId, OrganizationId } from '../common/prefixed-id.js';
import { findPage, type ApiKeysPage } from './api-keys.pagination.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { ApiKeyResponse } from './dto/api-key.response.js';

/**
 * A key takes 500 bytes as a rule and at most 10 KB: a thousand of those would take 10 MB of
 * memory, several times over, for one request.
 */
const MAX_BYTES = 1_000_000;
/** Keys in the first step: the default page. A page of the largest keys holds as many. */
const FIRST_STEP = 100;
const MAX_STEP = 250;
/** Field names, ids, times and the masked secret of a key. */
const FIXED_BYTES = 340;
const QUOTES_AND_COMMA = 3;
// eslint-disable-next-line no-control-regex -- JSON escapes them
const ESCAPED = /["\\\u0000-\u001f]/g;
/** `\\u0001`; an escaped quote takes fewer. */
const ESCAPE_BYTES = 6;

/** Reads a page of keys as responses, bounded by the bytes of its JSON too. */
@Injectable()
export class ApiKeysListing {
  constructor(private readonly keys: ApiKeysRepository) {}

  /**
   * Ends before the key that would make it larger than 1 MB, and has at least one; the next page
   * begins with that key. Reads in steps. The length of a step is estimated from the size of the
   * keys before it, so that few keys are read in vain.
   */
  async find(manager: EntityManager, organizationId: OrganizationId, page: ApiKeysPage): Promise<Page<ApiKeyResponse>> {
    const items: ApiKeyResponse[] = [];
    let bytes = 0;
    let after = page.after;
    for (;;) {
      const limit = Math.min(page.limit - items.length, stepFor(items.length, bytes));
      const step = await this.read(manager, organizationId, { ...page, after, limit });
      await nextTurn();
      for (const key of step.items) {
        bytes += jsonBytesOf(key);
        if (bytes > MAX_BYTES && items.length > 0) {
          return new Page(items, items.at(-1)?.id ?? null);
        }
        items.push(key);
      }
      // A short step although there is more: the search ended at its bound for one request.
      if (step.next === null || step.items.length < limit || items.length === page.limit) {
        return new Page(items, step.next);
      }
      after = step.next as ApiKeyId;
    }
  }

  private async read(
    manager: EntityManager,
    organizationId: OrganizationId,
    page: ApiKeysPage,
  ): Promise<Page<ApiKeyResponse>> {
    const keys = await findPage(manager, organizationId, page);
    // Each of these takes milliseconds for large keys. Other requests are served in between.
    await nextTurn();
    const ids = keys.items.map(({ id }) => id);
    const masked = await this.keys.maskedSecrets(manager, ids);
    return keys.map((key) => ApiKeyResponse.from(key, masked.get(key.id) ?? ''));
  }
}

/** How many keys to read next, from the average size of those read so far. */
function stepFor(count: number, bytes: number): number {
  return count === 0 ? FIRST_STEP : Math.min(MAX_STEP, Math.max(1, Math.ceil(((MAX_BYTES - bytes) * count) / bytes)));
}

/**
 * An upper bound of the bytes that the JSON of a key takes, a few percent above them. Counted
 * rather than serialized, because serializing would produce a megabyte of garbage for each page.
 */
function jsonBytesOf({ label, description, scopes, ip_allow_list: networks }: ApiKeyResponse): number {
  const entries = [...scopes, ...networks];
  return (
    entries.reduce((sum, entry) => sum + entry.length + QUOTES_AND_COMMA, FIXED_BYTES + textBytes(label)) +
    textBytes(description ?? '')
  );
}

function textBytes(text: string): number {
  return Buffer.byteLength(text) + (text.match(ESCAPED)?.length ?? 0) * (ESCAPE_BYTES - 1);
}
