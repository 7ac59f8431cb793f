import { TestProcess } from '../support/test-process.js';

/** The token by which the product knows the gateway of a test. */
export const GATEWAY_TOKEN = 'gateway-0123456789abcdef0123456789abcdef';

/** What the head of docs/gateways/nginx.conf asks of the product; Traefik and Envoy are told where they differ. */
export const GATEWAY_ENV = {
  INTERNAL_TOKENS: `gateway:${GATEWAY_TOKEN}`,
  FORWARD_AUTH_ADDRESS_HEADER: 'X-Real-IP',
  FORWARD_AUTH_TRUSTED_PEERS: '127.0.0.1',
};

/** Where a product's endpoints for services are, once they are open. */
export async function doorsOf(product: TestProcess): Promise<string> {
  const [, url = ''] = await product.says(/the endpoints for services are at (http:\/\/[\w.:[\]]+)/);
  return url;
}
