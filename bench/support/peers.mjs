import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustSucceed } from '../../scripts/support/command.mjs';
import { step } from '../../scripts/support/steps.mjs';

const folder = join(import.meta.dirname, '..');
const note = join(folder, 'node_modules/.installed-from');

/**
 * Installs what we are measured against: in `bench`, so that it is no dependency of the product.
 */
export async function ensurePeers(stop) {
  const wanted = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex');
  if (existsSync(note) && readFileSync(note, 'utf8') === wanted) return;
  await step('Installing what Latchkey is measured against (npm ci in bench)', async () => {
    await mustSucceed('npm ci', 'npm', ['ci'], { cwd: folder, stop });
    writeFileSync(note, wanted);
  });
}

/** @returns {string} the installed version of a peer */
export function versionOf(name, from = join(folder, 'node_modules')) {
  return JSON.parse(readFileSync(join(from, name, 'package.json'), 'utf8')).version;
}
