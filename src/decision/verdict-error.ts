import {
  AddressNotAllowedError,
  InsufficientScopeError,
  InvalidCredentialsError,
  UnknownApiKeyError,
} from '../common/access/access-errors.js';
import type { DomainError } from '../common/domain-error.js';
import type { Verdict } from './verdict.js';

/** The error for a REST client. Null if the verdict is VALID. */
export function errorForVerdict(verdict: Verdict): DomainError | null {
  switch (verdict.code) {
    case 'VALID':
      return null;
    case 'MALFORMED':
    case 'NOT_FOUND':
      return new UnknownApiKeyError(verdict.code);
    case 'ORGANIZATION_INACTIVE':
      return new InvalidCredentialsError('The organization of this API key is deactivated.', { detail: verdict.code });
    case 'DELETED':
      return new InvalidCredentialsError('This API key has been deleted.', { detail: verdict.code });
    case 'DISABLED':
      return new InvalidCredentialsError('This API key is disabled.', { detail: verdict.code });
    case 'EXPIRED':
      return new InvalidCredentialsError('This API key has expired.', { detail: verdict.code });
    case 'INSUFFICIENT_SCOPES':
      return new InsufficientScopeError(verdict.missing.names());
    case 'CLIENT_IP_REQUIRED':
    case 'IP_NOT_ALLOWED':
      return new AddressNotAllowedError(verdict.code);
  }
}
