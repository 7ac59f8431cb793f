import { availableParallelism } from 'node:os';
import { inProject } from '../../scripts/support/project.mjs';

/** Everything that the benchmark makes lies here, and is thrown away at the end. */
export const workFolder = inProject('.data/bench');

/** Both of ours use all they have: on one core they would measure each other. */
export const SERVER_CORE = '0';
export const LOAD_CORE = availableParallelism() > 1 ? '1' : '0';

export const CONNECTIONS = 32;
export const BCRYPT_COST = 10;
export const CREATES_AT_ONCE = 8;
/** Long enough to be taken; it protects nothing. */
export const INTERNAL_TOKEN = 'a-token-of-the-benchmark-that-guards-nothing';

const FULL = {
  /** Also what is only reported, beside what must be reached. */
  extras: true,
  rounds: 5,
  seconds: 2,
  latencySeconds: 3,
  createSeconds: 4,
  idleSeconds: 5,
  keys: 1_000_000,
  cached: 100_000,
  few: 1_000,
  internalKeys: 10_000,
  coldKeys: 150_000,
  peerKeys: 60_000,
  verifications: 400_000,
};

/** The same rows, smaller: under a minute, and only good for a first look. */
const QUICK = {
  extras: false,
  rounds: 1,
  seconds: 1,
  latencySeconds: 1,
  createSeconds: 1,
  idleSeconds: 2,
  keys: 40_000,
  cached: 5_000,
  few: 1_000,
  internalKeys: 2_000,
  coldKeys: 22_000,
  peerKeys: 12_000,
  verifications: 50_000,
};

/** @param {boolean} quick */
export const settingsFor = (quick) => (quick ? QUICK : FULL);
