/** Says what was measured, where it is asked for: `LATCHKEY_MEASURED=1 npm test -- test/faults`. */
export function measured(what: string, ms: number): void {
  if (process.env.LATCHKEY_MEASURED !== undefined) {
    process.stderr.write(`measured: ${what}: ${Math.round(ms)} ms\n`);
  }
}
