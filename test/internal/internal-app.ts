import { startFixture, type Fixture } from '../support/fixture.js';
import { send, type Answer, type RequestParts } from '../support/api-client.js';

/** Two tokens of one caller, as in the middle of a rotation, and one of a gateway. */
export const TOKENS = {
  billing: 'billing-token-0123456789abcdefghijklmnop',
  billingNext: 'billing-next-0123456789abcdefghijklmnopq',
  gateway: 'gateway-token-0123456789abcdefghijklmnop',
} as const;

export const INTERNAL_TOKENS = `billing:${TOKENS.billing},billing:${TOKENS.billingNext},edge:${TOKENS.gateway}`;

/** What `POST /verify` says in `data`, told again here so that the tests notice when it changes. */
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

/** The product with its endpoints, a proxy and a gateway that are trusted on this machine, and callers with tokens. */
export async function startInternalApp(env: Readonly<Record<string, string>> = {}): Promise<Fixture> {
  return startFixture({
    INTERNAL_TOKENS,
    TRUST_PROXY: '127.0.0.1',
    FORWARD_AUTH_ADDRESS_HEADER: 'X-Real-IP',
    FORWARD_AUTH_TRUSTED_PEERS: '127.0.0.1',
    ...env,
  });
}

/** Knocks at an endpoint of JSON, as a service with a token unless told otherwise. */
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

/** The lines of the log about single requests at the internal listener. */
export function doorLines({ app }: Fixture): Record<string, unknown>[] {
  return app.logs
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg, endpoint }) => msg === 'request' && endpoint !== undefined);
}
