import { SetMetadata } from '@nestjs/common';

const SPEAKS_OWN_STANDARD = Symbol('speaks its own standard');

/** For a handler or controller (health, metrics) whose answers follow a standard of their own: they are sent as they are, in no envelope. */
export const SpeaksOwnStandard = () => SetMetadata(SPEAKS_OWN_STANDARD, true);

/** Whether the handler, or its controller, is marked with `@SpeaksOwnStandard()`. */
export function speaksOwnStandard(handler: object, controller: object): boolean {
  return Reflect.hasMetadata(SPEAKS_OWN_STANDARD, handler) || Reflect.hasMetadata(SPEAKS_OWN_STANDARD, controller);
}
