import { spawnSync } from 'node:child_process';

const isInstalled = spawnSync('curl', ['--version']).error === undefined;

/** `it` for what pastes a curl. Where there is none, nobody pastes one; CI installs it. */
export const itWithCurl = process.env.CI === undefined && !isInstalled ? it.skip : it;
