import { DomainError } from '../common/domain-error.js';
import type { OrganizationId } from '../common/prefixed-id.js';

/** No organization has this id. */
export class OrganizationNotFoundError extends DomainError {
  readonly kind = 'not_found';
  readonly code = 'ORGANIZATION_NOT_FOUND';

  constructor(id: OrganizationId) {
    super(`There is no organization ${id}.`);
  }
}

/** The request needs an active organization. */
export class OrganizationInactiveError extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'ORGANIZATION_INACTIVE';

  constructor(id: OrganizationId) {
    super(`The organization ${id} is deactivated; reactivate it first.`);
  }
}
