import { UnavailableError } from './unavailable-error.js';

/**
 * A part of this service was in use for as long as the caller could wait. Says nothing about what
 * the service depends on: the next request may be served.
 */
export class AtCapacityError extends UnavailableError {}
