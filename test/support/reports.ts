/** The freshness bound of the product, unless it is configured otherwise. */
export const BOUND_MS = 1_000;

/** Prints how measured figures are distributed. */
export function report(what: string, figures: readonly number[], unit = 'ms'): void {
  const sorted = figures.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN);
  process.stderr.write(
    `measured: ${what}: p50 ${at(0.5)} ${unit}, p99 ${at(0.99)} ${unit}, max ${at(1)} ${unit} (n = ${sorted.length})\n`,
  );
}

/** Prints a measured figure if LATCHKEY_MEASURED is set. */
export function measured(what: string, figure: number, unit = 'ms'): void {
  if (process.env.LATCHKEY_MEASURED !== undefined) {
    process.stderr.write(`measured: ${what}: ${Math.round(figure)} ${unit}\n`);
  }
}
