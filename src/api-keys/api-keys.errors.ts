import { DomainError, InvalidInputError } from '../common/domain-error.js';
import type { ApiKeyId } from '../common/prefixed-id.js';
import type { Excess } from '../decision/containment.js';

/**
 * The caller's organization has no such key. Unknown, deleted and another organization's keys are
 * indistinguishable.
 */
export class ApiKeyNotFoundError extends DomainError {
  readonly kind = 'not_found';
  readonly code = 'API_KEY_NOT_FOUND';

  constructor(id: ApiKeyId) {
    super(`There is no API key ${id}.`);
  }
}

/** The key is, or would become, stronger than the caller's. */
export class ExceedsCallerError extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'EXCEEDS_CALLER';

  constructor(subject: 'the new key' | 'the changed key' | 'that key', excess: Excess) {
    const fields = fieldsOf(excess);
    const what = Object.values(fields).join('; ');
    super(
      subject === 'that key'
        ? `You cannot change a key that is stronger than yours: ${what}.`
        : `${capitalized(subject)} would be stronger than yours: ${what}.`,
      { fields },
    );
  }
}

/** An expiry that is not in the future. */
export class ExpiryNotInFutureError extends InvalidInputError {
  constructor(now: string) {
    super('The request is invalid: expires_at must be in the future.', {
      fields: { expires_at: `must be in the future; it is ${now} UTC now` },
    });
  }
}

function fieldsOf(excess: Excess): Record<string, string> {
  return {
    ...(excess.scopes.length > 0 && { scopes: `scopes beyond yours: ${excess.scopes.join(', ')}` }),
    ...(excess.networks.length > 0 && { ip_allow_list: `addresses beyond yours: ${excess.networks.join(', ')}` }),
    ...(excess.anyAddress && { ip_allow_list: 'any address, while yours is bound to an ip_allow_list' }),
    ...(excess.expiry && { expires_at: 'an expiry later than yours' }),
  };
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
