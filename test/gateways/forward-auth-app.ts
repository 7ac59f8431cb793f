import { openFaultProxy, type FaultProxy } from '../support/fault-proxy.js';
import type { Product } from '../support/product.js';
import { connectionOptions, testServerUrl } from '../support/schema.js';

/** The token by which the product knows the gateway of a test. */
export const GATEWAY_TOKEN = 'gateway-0123456789abcdef0123456789abcdef';

/** What the head of docs/gateways/nginx.conf asks of the product; Traefik and Envoy are told where they differ. */
export const GATEWAY_ENV = {
  INTERNAL_TOKENS: `gateway:${GATEWAY_TOKEN}`,
  FORWARD_AUTH_ADDRESS_HEADER: 'X-Real-IP',
  FORWARD_AUTH_TRUSTED_PEERS: '127.0.0.1',
};

/** Where a product's endpoints for services are, once they are open. */
export async function doorsOf(product: Product): Promise<string> {
  const [, url = ''] = await product.says(/the endpoints for services are at (http:\/\/[\w.:[\]]+)/);
  return url;
}

/** The way to the test server that a test may cut, and the URL of a schema through it. */
export async function openRoute(schema: string): Promise<{ readonly way: FaultProxy; readonly databaseUrl: string }> {
  const options = connectionOptions(testServerUrl());
  const way = await openFaultProxy('socketPath' in options ? { path: options.socketPath } : options);
  const url = new URL(testServerUrl());
  url.pathname = `/${schema}`;
  url.searchParams.set('socketPath', way.socketPath);
  return { way, databaseUrl: url.href };
}
