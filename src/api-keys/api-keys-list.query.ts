import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Page } from '../contract/page.js';
import type { ApiKeyId, OrganizationId } from '../common/prefixed-id.js';
import { ApiKeysPageQuery, type ApiKeysPage } from './api-keys-page.query.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { ApiKeyResponse } from './dto/api-key.response.js';

/**
 * A key takes 500 bytes as a rule and 10 KB at the most: a thousand would be 10 MB in memory,
 * several times over, for one request.
 */
const MOST_BYTES = 1_000_000;
/** Keys in the first step: the default page, and not more than a page of the largest keys holds. */
const FIRST_STEP = 100;
const LONGEST_STEP = 250;
/** The names, ids, times and the masked secret of a key. */
const REST_BYTES = 340;
const QUOTES_AND_COMMA = 3;
// eslint-disable-next-line no-control-regex -- they are what JSON escapes
const ESCAPED = /["\\\u0000-\u001f]/g;
/** `\\u0001`; a quote takes fewer. */
const ESCAPE_BYTES = 6;

/** A page of keys as clients see it, bounded by the bytes of its JSON as well. */
@Injectable()
export class ApiKeysListQuery {
  constructor(
    private readonly pages: ApiKeysPageQuery,
    private readonly keys: ApiKeysRepository,
  ) {}

  /**
   * Ends before the key with which it would become larger than 1 MB, and has at least one; the next
   * page begins with that key. Read in steps, each about as long as there is room for by the size
   * of the keys before it, so that little is read that is not shown.
   */
  async find(manager: EntityManager, organizationId: OrganizationId, page: ApiKeysPage): Promise<Page<ApiKeyResponse>> {
    const shown: ApiKeyResponse[] = [];
    let bytes = 0;
    let after = page.after;
    for (;;) {
      const limit = Math.min(page.limit - shown.length, stepFor(shown.length, bytes));
      const step = await this.read(manager, organizationId, { ...page, after, limit });
      await nextTurn();
      for (const key of step.items) {
        bytes += jsonBytesOf(key);
        if (bytes > MOST_BYTES && shown.length > 0) {
          return new Page(shown, shown.at(-1)?.id ?? null);
        }
        shown.push(key);
      }
      // A step that is short although there is more has looked as far as one request may.
      if (step.next === null || step.items.length < limit || shown.length === page.limit) {
        return new Page(shown, step.next);
      }
      after = step.next as ApiKeyId;
    }
  }

  private async read(
    manager: EntityManager,
    organizationId: OrganizationId,
    page: ApiKeysPage,
  ): Promise<Page<ApiKeyResponse>> {
    const keys = await this.pages.find(manager, organizationId, page);
    // Each of these takes milliseconds for large keys: between them, the event loop gets to
    // whatever else has come in.
    await nextTurn();
    const ids = keys.items.map(({ id }) => id);
    const masked = await this.keys.maskedSecrets(manager, ids);
    return keys.map((key) => ApiKeyResponse.from(key, masked.get(key.id) ?? ''));
  }
}

/** How many keys to read next, when so many have taken so many bytes. */
function stepFor(shown: number, bytes: number): number {
  return shown === 0
    ? FIRST_STEP
    : Math.min(LONGEST_STEP, Math.max(1, Math.ceil(((MOST_BYTES - bytes) * shown) / bytes)));
}

/**
 * How many bytes the JSON of a key takes at the most, a few percent more than it does. Counted
 * rather than serialized, because the JSON would be a megabyte of garbage for each page.
 */
function jsonBytesOf({ label, description, scopes, ip_allow_list: networks }: ApiKeyResponse): number {
  const entries = [...scopes, ...networks];
  return (
    entries.reduce((sum, entry) => sum + entry.length + QUOTES_AND_COMMA, REST_BYTES + textBytes(label)) +
    textBytes(description ?? '')
  );
}

function textBytes(text: string): number {
  return Buffer.byteLength(text) + (text.match(ESCAPED)?.length ?? 0) * (ESCAPE_BYTES - 1);
}
