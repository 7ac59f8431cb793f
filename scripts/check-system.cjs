/*
 * Runs first in every npm script and ends it with one sentence where the scripts cannot run. It is
 * CommonJS with old syntax, because an old Node must be able to read it, and its own process,
 * because the `exec` that follows does not exist in the shell of Windows.
 */
const { engines } = require('../package.json');

const [, major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(engines.node) || []).map(Number);
const [ownMajor = 0, ownMinor = 0] = process.versions.node.split('.').map(Number);

if (process.platform === 'win32') {
  refuse('Latchkey runs on Linux and macOS. On Windows, run it in WSL 2, or in Docker (docker compose up).');
} else if (ownMajor < major || (ownMajor === major && ownMinor < minor)) {
  refuse(`Latchkey needs Node ${major}.${minor} or newer; this is ${process.versions.node}.`);
}

/** @param {string} sentence */
function refuse(sentence) {
  console.error(sentence);
  process.exit(1);
}
