import { SetMetadata } from '@nestjs/common';

const SKIP_ENVELOPE = Symbol('speaks its own standard');

/** For a handler or controller (health, metrics) whose answers follow a standard of their own: they are sent as they are, in no envelope. */
export const SkipEnvelope = () => SetMetadata(SKIP_ENVELOPE, true);

/** Whether the handler, or its controller, is marked with `@SkipEnvelope()`. */
export function skipsEnvelope(handler: object, controller: object): boolean {
  return Reflect.hasMetadata(SKIP_ENVELOPE, handler) || Reflect.hasMetadata(SKIP_ENVELOPE, controller);
}
