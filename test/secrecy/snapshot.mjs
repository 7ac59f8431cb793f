/*
 * Loaded into the product before it starts (`node --import`): at SIGUSR2 it writes its heap to SNAPSHOT_FILE, every object and every text,
 * but not the bytes of buffers.
 */
import { writeHeapSnapshot } from 'node:v8';

process.on('SIGUSR2', () => {
  process.stderr.write(`the heap is in ${writeHeapSnapshot(process.env.SNAPSHOT_FILE)}\n`);
});
