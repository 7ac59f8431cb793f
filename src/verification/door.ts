/** The ways in which a secret is presented; each has its own label in the metrics. */
export const DOORS = ['public', 'verify', 'batch', 'introspect', 'forward-auth'] as const;
export type Door = (typeof DOORS)[number];
