import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { exchange } from '../support/load-client.js';

const PAUSE_MS = 5;

/**
 * Milliseconds of the `/verify` calls that one client makes, one after the other, for as long as
 * something else goes on.
 */
export async function verifyWhile(
  internalUrl: string,
  secret: string,
  act: () => Promise<unknown>,
): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  const over = new AbortController();
  const acting = act().finally(() => {
    over.abort();
  });
  while (!over.signal.aborted) {
    const { status, ms, error } = await exchange(agent, 'POST', `${internalUrl}/verify`, { body: { secret } });
    if (status !== 200) {
      throw new Error(`/verify failed: ${status ?? error ?? ''}`);
    }
    times.push(ms);
    await sleep(PAUSE_MS);
  }
  await acting;
  agent.destroy();
  return times;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/** A metric of the service without labels, or the sum of one with labels. */
export async function readMetric(internalUrl: string, name: string): Promise<number> {
  const text = await (await fetch(`${internalUrl}/metrics`)).text();
  const values = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

export const residentBytes = (internalUrl: string) => readMetric(internalUrl, 'process_resident_memory_bytes');
