import { Agent } from 'node:http';
import { TestProcess, type Program } from '../support/test-process.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { exchange, tally } from '../support/load-client.js';

const AT_ONCE = 50;

/**
 * The built product with streams that the test does not read. Its ports are chosen beforehand,
 * because nothing that it prints can be read.
 */
export interface QuietService {
  readonly product: TestProcess;
  readonly url: string;
  readonly internalUrl: string;
  /** Sends requests to `/health/live`, each of which writes a log line. Counts the statuses. */
  readonly ask: (count: number) => Promise<Record<string, number>>;
  /** The value of a metric without labels. */
  readonly metric: (name: string) => Promise<number>;
}

export async function startQuietly(
  databaseUrl: string,
  outputs: { readonly stdout?: number; readonly stderr?: number },
  env: Readonly<Record<string, string>> = {},
  program: Program = 'main',
): Promise<QuietService> {
  const [port, internalPort] = [await freePort(), await freePort()];
  const ports = { PORT: String(port), INTERNAL_PORT: String(internalPort) };
  const own = { LOG_LEVEL: 'debug', ...ports, ...env };
  const product = new TestProcess({ program, database: databaseUrl, env: own, ...outputs });
  const url = `http://127.0.0.1:${port}`;
  const internalUrl = `http://127.0.0.1:${internalPort}`;
  const isReady = () =>
    fetch(`${url}/health/ready`).then(
      ({ status }) => status === 200,
      () => false,
    );
  await eventually(`the service is ready\n${product.output}`, isReady, 20_000);
  return {
    product,
    url,
    internalUrl,
    ask: (count) => askMany(`${internalUrl}/health/live`, count),
    metric: async (name) => {
      const text = await (await fetch(`${internalUrl}/metrics`)).text();
      return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    },
  };
}

async function askMany(url: string, count: number): Promise<Record<string, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const outcomes = await Promise.all(Array.from({ length: count }, () => exchange(agent, 'GET', url)));
  agent.destroy();
  return tally(outcomes);
}
