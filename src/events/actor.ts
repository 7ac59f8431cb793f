import type { Caller } from '../common/access/caller.js';
import type { ApiKeyId } from '../common/prefixed-id.js';

/** Who made a change, in which request and from which address. */
export type EventActor =
  | {
      readonly kind: 'key';
      readonly keyId: ApiKeyId;
      readonly requestId: string;
      /** In canonical form; null if the address of the peer could not be parsed. */
      readonly address: string | null;
    }
  | { readonly kind: 'operator'; readonly requestId: string; readonly address: null }
  | { readonly kind: 'system'; readonly requestId: null; readonly address: null };

/** The service itself: changes that no caller asked for. */
export const SYSTEM_ACTOR: EventActor = { kind: 'system', requestId: null, address: null };

/** An operator, who has no address because operators use the command line. */
export function operatorActor(requestId: string): EventActor {
  return { kind: 'operator', requestId, address: null };
}

/** The actor that a caller is. Nothing else of the caller becomes part of an event. */
export function actorOf(caller: Caller): EventActor {
  switch (caller.kind) {
    case 'key': {
      const { keyId, requestId, address } = caller;
      return { kind: 'key', keyId, requestId, address: address === null ? null : String(address) };
    }
    case 'operator':
      return operatorActor(caller.requestId);
    default:
      return caller satisfies never;
  }
}
