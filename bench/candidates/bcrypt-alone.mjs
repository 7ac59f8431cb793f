/*
 * `bcrypt.hash` and nothing else: so many at a time, for so many seconds. Prints hashes a second.
 */
import { hash } from 'bcrypt';

const [seconds, atOnce, cost] = process.argv.slice(2).map(Number);
const secret = `sk_live_${'0'.repeat(61)}`;
const begun = performance.now();
let hashes = 0;

async function hashOn() {
  while (performance.now() - begun < seconds * 1_000) {
    await hash(secret, cost);
    hashes += 1;
  }
}
await Promise.all(Array.from({ length: atOnce }, hashOn));
process.stdout.write(String((hashes * 1_000) / (performance.now() - begun)));
