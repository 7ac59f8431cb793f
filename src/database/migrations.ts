import { InitialSchema1763800000000 } from '../../migrations/1763800000000-initial-schema.js';

/** Every schema change, oldest first. */
export const MIGRATIONS = [InitialSchema1763800000000] as const;
