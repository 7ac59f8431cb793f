/** The ways in which a secret is presented; each has its own label in the metrics. */
export const ENDPOINTS = ['public', 'verify', 'batch', 'introspect', 'forward-auth'] as const;
export type Endpoint = (typeof ENDPOINTS)[number];
