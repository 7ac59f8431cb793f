import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the application behind the gateway got it. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Every header line, trailers included: names as they came, in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** A small application behind a gateway. It records each request and responds with 200. */
export interface Application {
  readonly url: string;
  readonly seen: SeenRequest[];
  close(): Promise<void>;
}

export async function startApplication(): Promise<Application> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push({
        method: request.method ?? '',
        target: request.url ?? '',
        headers: pairs([...request.rawHeaders, ...request.rawTrailers]),
        body: Buffer.concat(chunks).toString(),
      });
      response
        .setHeader('Content-Type', 'application/json')
        .setHeader('Content-Length', 22)
        .end('{"from":"application"}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * The values of all headers that an application may take for this one. Many ignore case and every
 * character but letters and digits.
 */
export function valuesLike({ headers }: SeenRequest, name: string): string[] {
  const fold = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '-');
  return headers.filter(([each]) => fold(each) === fold(name)).map(([, value]) => value);
}

function pairs(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, at) => [raw[2 * at]?.toLowerCase() ?? '', raw[2 * at + 1] ?? '']);
}
