import { TOKENS } from '../internal/internal-calls.js';
import { KEYS } from '../support/api-client.js';

/** Where the two listeners of an instance are. */
export interface Listeners {
  readonly url: string;
  readonly internalUrl: string;
}

/** What is presented at an endpoint. */
export interface Presented {
  readonly secret: string;
  /** Null: no scope is needed. */
  readonly scope?: 'api_keys.read' | null;
  /** Null: unknown. */
  readonly address?: string | null;
}

type Present = (listeners: Listeners, presented: Presented) => Promise<Response>;

const BILLING = { authorization: `Bearer ${TOKENS.billing}` };

/** Every way to present a secret. */
export const WAYS: Readonly<Record<string, Present>> = {
  public: ({ url }, { secret, scope, address }) =>
    fetch(`${url}${KEYS}${scope == null ? '/current' : '?limit=1'}`, {
      headers: { authorization: `Bearer ${secret}`, 'x-forwarded-for': address ?? 'unknown' },
    }),
  verify: ({ internalUrl }, presented) => postJson(`${internalUrl}/verify`, asked(presented)),
  batch: ({ internalUrl }, presented) => postJson(`${internalUrl}/verify/batch`, { requests: [asked(presented)] }),
  introspect: ({ internalUrl }, { secret, address }) =>
    fetch(`${internalUrl}/introspect`, {
      method: 'POST',
      headers: BILLING,
      body: new URLSearchParams({ token: secret, ...(address != null && { client_ip: address }) }),
    }),
  'forward-auth': ({ internalUrl }, { secret, scope, address }) =>
    fetch(`${internalUrl}/forward-auth?scopes=${scope ?? ''}`, { headers: gatewayHeaders(secret, address) }),
  envoy: ({ internalUrl }, { secret, scope, address }) =>
    fetch(`${internalUrl}/forward-auth/envoy/orders`, {
      headers: { ...gatewayHeaders(secret, address), 'x-latchkey-scopes': scope ?? '' },
    }),
};

function postJson(url: string, body: unknown): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { ...BILLING, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

function asked({ secret, scope, address }: Presented): object {
  return { secret, scopes: scope == null ? [] : [scope], client_ip: address ?? null };
}

function gatewayHeaders(secret: string, address: string | null | undefined): Record<string, string> {
  return {
    authorization: `Bearer ${secret}`,
    'x-latchkey-token': TOKENS.gateway,
    ...(address != null && { 'x-real-ip': address }),
  };
}
