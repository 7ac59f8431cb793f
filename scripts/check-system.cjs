/*
 * Runs first in every npm script, and ends it with one sentence where the scripts cannot run. CommonJS with old syntax,
 * because an old Node must be able to read it, and a process of its own, because it comes before `exec`, which a shell of
 * Windows does not have.
 */
const { engines } = require('../package.json');

const [, major, minor] = /(\d+)\.(\d+)/.exec(engines.node).map(Number);
const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number);

if (process.platform === 'win32') {
  refuse('Latchkey runs on Linux and macOS. On Windows, run it in WSL 2, or in Docker (docker compose up).');
} else if (ownMajor < major || (ownMajor === major && ownMinor < minor)) {
  refuse(`Latchkey needs Node ${major}.${minor} or newer; this is ${process.versions.node}.`);
}

function refuse(sentence) {
  console.error(sentence);
  process.exit(1);
}
