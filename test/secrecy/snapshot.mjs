/*
 * Preloaded (`node --import`): on SIGUSR2 it writes the heap to SNAPSHOT_FILE, every object and
 * string but not the bytes of buffers.
 */
import { writeHeapSnapshot } from 'node:v8';

process.on('SIGUSR2', () => {
  process.stderr.write(`the heap is in ${writeHeapSnapshot(process.env.SNAPSHOT_FILE)}\n`);
});
