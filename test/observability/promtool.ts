import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

/** Prometheus' own tool; `npm test` names another if it finds or fetches one elsewhere. */
const PATH = process.env.PROMTOOL_PATH ?? '/usr/bin/promtool';

/**
 * `describe`, or a skipped one with instructions where promtool is missing. In CI it is required.
 */
export function describeWithPromtool(name: string, tests: () => void): void {
  if (existsSync(PATH) || process.env.CI === 'true') {
    describe(name, tests);
    return;
  }
  console.warn(`${name}: skipped. There is no ${PATH}: install Debian's package prometheus, or set PROMTOOL_PATH.`);
  describe.skip(name, tests);
}

/** The output and exit code of promtool: 3 for lint findings. */
export async function promtool(
  args: readonly string[],
  input = '',
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(PATH, args, { stdio: 'pipe' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}
