import { SetMetadata } from '@nestjs/common';

const SKIP_ENVELOPE = Symbol('skip envelope');

/**
 * For a handler or controller (health, metrics) whose responses follow a standard of their own and
 * get no envelope.
 */
export const SkipEnvelope = () => SetMetadata(SKIP_ENVELOPE, true);

/** Whether the handler, or its controller, is marked with `@SkipEnvelope()`. */
export function skipsEnvelope(handler: object, controller: object): boolean {
  return Reflect.hasMetadata(SKIP_ENVELOPE, handler) || Reflect.hasMetadata(SKIP_ENVELOPE, controller);
}
