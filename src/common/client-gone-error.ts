import { UnavailableError } from './unavailable-error.js';

/**
 * The client closed its connection before its request had its turn. There is no client left to
 * answer.
 */
export class ClientGoneError extends UnavailableError {
  constructor() {
    super({ detail: 'the client closed its connection while its request waited' });
  }
}
