/** The token by which the product knows the gateway of a test. */
export const GATEWAY_TOKEN = 'gateway-0123456789abcdef0123456789abcdef';

/** What the head of docs/gateways/nginx.conf asks of the product; Traefik and Envoy are told where they differ. */
export const GATEWAY_ENV = {
  INTERNAL_TOKENS: `gateway:${GATEWAY_TOKEN}`,
  FORWARD_AUTH_ADDRESS_HEADER: 'X-Real-IP',
  FORWARD_AUTH_TRUSTED_PEERS: '127.0.0.1',
};
