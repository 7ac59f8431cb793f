/** An answer as a client sees it. */
export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly status: number;
    readonly data: T;
    readonly error: string | null;
    readonly log: { readonly request_id: string } | null;
    readonly validator: Readonly<Record<string, string>> | null;
    readonly support_id: string;
    readonly message: string | null;
    readonly env: string;
  };
}

/** What a request may carry beside its method and path. */
export interface RequestParts {
  readonly secret?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export const KEYS = '/developers/api_keys';

/** Sends one request over real HTTP and reads its envelope. */
export async function send<T = unknown>(
  baseUrl: string,
  method: string,
  path: string,
  parts: RequestParts = {},
): Promise<Answer<T>> {
  const response = await fetch(`${baseUrl}${path}`, {
    method,
    headers: {
      ...(parts.secret !== undefined && { authorization: `Bearer ${parts.secret}` }),
      ...(parts.body !== undefined && { 'content-type': 'application/json' }),
      ...parts.headers,
    },
    ...(parts.body !== undefined && { body: JSON.stringify(parts.body) }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer<T>['body'] };
}
