import { KEYS, send, type Answer, type RequestParts } from './api-client.js';
import type { TestApp } from './test-app.js';

/** A key as it crosses the wire, told again here so that the tests notice when it changes. */
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

/** Calls the five routes with one secret. */
export class KeysClient {
  constructor(
    private readonly app: Pick<TestApp, 'url'>,
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
