/* Loaded into the product before it starts (`node --import`): at SIGUSR2 it writes down all that it has in memory, to SNAPSHOT_FILE. */
import { writeHeapSnapshot } from 'node:v8';

process.on('SIGUSR2', () => {
  process.stderr.write(`all that is in memory is in ${writeHeapSnapshot(process.env.SNAPSHOT_FILE)}\n`);
});
