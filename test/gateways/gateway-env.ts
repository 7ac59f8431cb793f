/** The token of the gateway of a test. */
export const GATEWAY_TOKEN = 'gateway-0123456789abcdef0123456789abcdef';

/**
 * The variables that the head of docs/gateways/nginx.conf asks for. Specs of Traefik and Envoy
 * override the differences.
 */
export const GATEWAY_ENV = {
  INTERNAL_TOKENS: `gateway:${GATEWAY_TOKEN}`,
  FORWARD_AUTH_ADDRESS_HEADER: 'X-Real-IP',
  FORWARD_AUTH_TRUSTED_PEERS: '127.0.0.1',
};
