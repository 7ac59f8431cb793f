/**
 * Ends the process with one sentence where Node is older than `engines` in package.json says. An
 * entry point imports this module alone and everything else dynamically, because an import that an
 * old Node lacks fails before any code runs.
 */
const OLDEST = [20, 19] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(`Latchkey needs Node ${OLDEST.join('.')} or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}
