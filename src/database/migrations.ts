import { InitialSchema1763800000000 } from '../../migrations/1763800000000-initial-schema.js';
import { FeedEpoch1763850000000 } from '../../migrations/1763850000000-feed-epoch.js';

/** All migrations, oldest first. */
export const MIGRATIONS = [InitialSchema1763800000000, FeedEpoch1763850000000] as const;
