import { load } from '../load/wrk.mjs';
import { count } from '../support/format.mjs';
import { startProduct } from '../support/product.mjs';
import { interleave, row } from '../support/statistics.mjs';

/**
 * Two instances of the product: one that knows a few keys of a small database, one that knows many
 * of a large one.
 */
export async function measureManyKeys({ databases, runtime, secrets, settings, stop }) {
  const { rounds, seconds, few, cached, keys } = settings;
  const [small, large] = await Promise.all([
    startProduct(runtime, 'few-keys', databases.few.url),
    startProduct(runtime, 'many-keys', databases.ours.url),
  ]);
  try {
    const askSmall = () => load(small, seconds, { file: secrets.few, count: few }, stop);
    await askSmall();
    const before = await large.memory();
    await fill(large, seconds, { file: secrets.ours, count: cached }, stop);
    // In the order in which they were read, so that none has grown too old to be used.
    const slice = Math.floor(cached / rounds);
    const measured = await interleave(rounds, {
      small: askSmall,
      large: (round) => load(large, seconds, { file: secrets.ours, skip: round * slice, count: slice }, stop),
    });
    const said = {
      what: `warm, ${count(keys)} keys in the database and ${count(cached)} in the cache, requests/s`,
      against: `the same with ${count(few)}`,
      mustReach: 0.9,
    };
    const memory = { few: await small.memory(), many: await large.memory() };
    const bytesPerEntry = (memory.many.heapUsed - before.heapUsed) / cached;
    return { measured, rows: [row(said, measured.large, measured.small)], memory, bytesPerEntry };
  } finally {
    await Promise.all([small.stop(), large.stop()]);
  }
}

/**
 * Asks for each key once. The generator sends them in turn, so what it has answered is the
 * beginning of the list.
 */
async function fill(server, seconds, { file, count: keys }, stop) {
  for (let skip = 0; skip < keys;)
    skip += (await load(server, seconds, { file, skip, count: keys - skip }, stop)).requests;
}
