import { spawnSync } from 'node:child_process';

const isInstalled = spawnSync('curl', ['--version']).error === undefined;

/** `it` for tests of a curl command. Skipped where curl is missing; CI installs it. */
export const itWithCurl = process.env.CI === undefined && !isInstalled ? it.skip : it;
