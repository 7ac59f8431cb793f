/**
 * The ratio that a row must reach, if necessary by major version of Node; null: it is only
 * reported.
 * @typedef {number | Record<number, number> | null} MustReach
 */

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Measures the candidates in turn, round after round, every other round in the other order:
 * whatever else the machine does meanwhile, it does to all of them.
 *
 * @param {number} rounds
 * @template T
 * @param {Record<string, (round: number) => Promise<T>>} candidates
 * @returns {Promise<Record<string, T[]>>} what each measured, by round
 */
export async function interleave(rounds, candidates) {
  const names = Object.keys(candidates);
  /** @type {Record<string, T[]>} */
  const measured = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) measured[name].push(await candidates[name](round));
  }
  return measured;
}

/** How many times `ours` is of `theirs`, round by round. */
function ratioOf(ours, theirs) {
  const ratios = ours.map((value, round) => value / theirs[round]);
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}

/**
 * A row of the report.
 *
 * @param {{ what: string, against: string, mustReach: MustReach }} said
 * @param {{ perSecond: number, perCpuSecond?: number }[]} ours by round
 * @param {{ perSecond: number, perCpuSecond?: number }[]} theirs by round
 */
export function row(said, ours, theirs) {
  const [perSecond, perCpu] = ['perSecond', 'perCpuSecond'].map((name) => [
    ours.map((round) => round[name]),
    theirs.map((round) => round[name]),
  ]);
  return {
    ...said,
    ratio: ratioOf(...perSecond),
    cpuRatio:
      perCpu[0][0] === undefined || perCpu[1][0] === undefined
        ? null
        : median(perCpu[0].map((value, round) => value / perCpu[1][round])),
    ours: median(perSecond[0]),
    theirs: median(perSecond[1]),
  };
}
