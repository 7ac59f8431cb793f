import { type Answer, type RequestParts, send } from '../support/api-client.js';
import type { Fixture } from '../support/fixtures.js';

/** Two tokens of one service, as in the middle of a rotation, and one of a gateway. */
export const TOKENS = {
  billing: 'billing-token-0123456789abcdefghijklmnop',
  billingNext: 'billing-next-0123456789abcdefghijklmnopq',
  gateway: 'gateway-token-0123456789abcdefghijklmnop',
} as const;

export const INTERNAL_TOKENS = `billing:${TOKENS.billing},billing:${TOKENS.billingNext},edge:${TOKENS.gateway}`;

/** The `data` of `POST /verify`, written out again so that the tests notice when it changes. */
export interface VerificationOnWire {
  readonly valid: boolean;
  readonly code: string;
  readonly api_key: {
    readonly id: string;
    readonly organization_id: string;
    readonly label: string;
    readonly scopes: readonly string[];
    readonly expires_at: string | null;
  } | null;
  readonly missing_scopes?: readonly string[];
}

/**
 * Callers with tokens, a trusted proxy on this machine, and a trusted gateway on this machine that
 * names the client's address in a header.
 */
export const INTERNAL_ENV = {
  INTERNAL_TOKENS,
  TRUST_PROXY: '127.0.0.1',
  FORWARD_AUTH_ADDRESS_HEADER: 'X-Real-IP',
  FORWARD_AUTH_TRUSTED_PEERS: '127.0.0.1',
};

/** Calls a JSON endpoint of the internal listener, with a token unless told otherwise. */
export function callInternal<T = VerificationOnWire>(
  { app }: Fixture,
  path: string,
  body: unknown,
  parts: RequestParts & { readonly token?: string | null; readonly method?: string } = {},
): Promise<Answer<T>> {
  const { token = TOKENS.billing, method = 'POST', ...rest } = parts;
  return send<T>(app.internalUrl, method, path, {
    ...rest,
    ...(body !== undefined && { body }),
    ...(token !== null && { secret: token }),
  });
}

/** The log lines about single requests to the internal listener. */
export function internalRequestLines({ app }: Fixture): Record<string, unknown>[] {
  return app.logs
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg, listener }) => msg === 'request' && listener === 'internal');
}
