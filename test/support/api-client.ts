/** A response as a client sees it. */
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

/** The path of the keys. */
export const KEYS = '/developers/api_keys';
/** The path at which a key reads itself. It needs no scope. */
export const CURRENT = `${KEYS}/current`;

/** A key as a test uses it. */
export interface MadeKey {
  readonly id: string;
  readonly secret: string;
}

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

/** A key in a response, written out again so that the tests notice when it changes. */
export interface KeyOnWire {
  readonly id: string;
  readonly organization_id: string;
  readonly label: string;
  readonly description: string | null;
  readonly secret: string;
  readonly scopes: readonly string[];
  readonly ip_allow_list: readonly string[];
  readonly expires_at: string | null;
  readonly created_at: string;
  readonly updated_at: string | null;
}

export interface KeyWithMetricsOnWire extends KeyOnWire {
  readonly metrics: {
    readonly api_key_id: string;
    readonly total_requests: number;
    readonly last_used_at: string | null;
  };
}

export interface DeletedOnWire {
  readonly id: string;
}

/** Calls the five routes of the keys with one secret. */
export class KeysClient {
  constructor(
    private readonly app: { readonly url: string },
    private readonly secret: string | undefined,
    private readonly headers: Readonly<Record<string, string>> = {},
  ) {}

  create(body: unknown): Promise<Answer<KeyOnWire>> {
    return this.send('POST', '', { body });
  }

  list(query = ''): Promise<Answer<KeyOnWire[]>> {
    return this.send('GET', query);
  }

  get(id: string): Promise<Answer<KeyWithMetricsOnWire>> {
    return this.send('GET', `/${id}`);
  }

  update(id: string, body: unknown): Promise<Answer<KeyWithMetricsOnWire>> {
    return this.send('PUT', `/${id}`, { body });
  }

  delete(id: string): Promise<Answer<DeletedOnWire>> {
    return this.send('DELETE', `/${id}`);
  }

  private send<T>(method: string, rest: string, parts: RequestParts = {}): Promise<Answer<T>> {
    return send<T>(this.app.url, method, `${KEYS}${rest}`, {
      ...parts,
      headers: this.headers,
      ...(this.secret !== undefined && { secret: this.secret }),
    });
  }
}
