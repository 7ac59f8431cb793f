/**
 * Exits with one sentence if Node is older than `engines` in package.json requires. An entry point
 * imports only this module statically, because an import that an old Node lacks fails before any
 * code runs.
 */
const OLDEST = [20, 19] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(`Latchkey needs Node ${OLDEST.join('.')} or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}
