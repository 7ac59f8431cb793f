import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

/** One request that is sent again and again over many connections. */
export interface Flood {
  readonly url: string;
  readonly method: string;
  readonly secret: string;
  readonly body?: string;
  readonly connections: number;
  readonly seconds: number;
}

/** Floods from a child process until its end. Resolves with the number of responses per status. */
export async function flood(what: Flood): Promise<Readonly<Record<string, number>>> {
  const child = spawn(process.execPath, [resolve('test/load/send-flood.mjs'), JSON.stringify(what)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  if (code !== 0) {
    throw new Error(`the flood ended with ${code ?? 'a signal'}`);
  }
  return JSON.parse(output) as Record<string, number>;
}
