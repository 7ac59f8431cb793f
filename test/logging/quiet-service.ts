import { Agent, request } from 'node:http';
import { serviceEnv, type Program, TestProcess } from '../support/test-process.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';

const AT_ONCE = 50;

/**
 * The built product with its streams connected to what a test likes; so it is found by its ports,
 * not by what it prints.
 */
export interface QuietService {
  readonly product: TestProcess;
  readonly url: string;
  readonly internalUrl: string;
  /**
   * Asks for `/health/live` many times, each of which writes a line, and returns how often each
   * status came.
   */
  readonly ask: (count: number) => Promise<Record<number, number>>;
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
  const own = serviceEnv(databaseUrl, { LOG_LEVEL: 'debug', SHUTDOWN_DELAY_MS: '0', ...ports, ...env });
  const product = new TestProcess({ program, env: own, ...outputs });
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

async function askMany(url: string, count: number): Promise<Record<number, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const statuses: Record<number, number> = {};
  let left = count;
  const work = async () => {
    while (left-- > 0) {
      const status = await ask(url, agent);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  agent.destroy();
  return statuses;
}

function ask(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { agent }, (response) => {
      response.resume().once('end', () => {
        resolve(response.statusCode ?? 0);
      });
    })
      .once('error', reject)
      .end();
  });
}
