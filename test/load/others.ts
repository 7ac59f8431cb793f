import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { KEYS, type MadeKey } from '../support/api-client.js';
import { exchange, type Outcome } from '../support/load-client.js';

/** Between two requests of a client. */
const PAUSE_MS = 20;

/** What another organization did in the meantime. */
export interface OthersOutcomes {
  /** Verifications of keys that the service has not seen before. */
  readonly cold: readonly Outcome[];
  readonly warm: readonly Outcome[];
  readonly reads: readonly Outcome[];
  readonly creates: readonly Outcome[];
}

/**
 * An organization that works while another one floods: each kind of work by one client, one request
 * after the other.
 */
export class OtherOrganization {
  private readonly unseen: MadeKey[];

  /** @param keys each verified once; the first of them calls */
  constructor(
    private readonly service: { readonly url: string; readonly internalUrl: string },
    keys: readonly MadeKey[],
  ) {
    this.unseen = [...keys];
  }

  /** Works until `over` settles. */
  async workUntil(over: Promise<unknown>): Promise<OthersOutcomes> {
    let isOver = false;
    void over.finally(() => (isOver = true));
    const own = this.unseen.pop()?.secret ?? '';
    const each = async (act: (agent: Agent) => Promise<Outcome>) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const outcomes: Outcome[] = [];
      while (!isOver) {
        outcomes.push(await act(agent));
        await sleep(PAUSE_MS);
      }
      agent.destroy();
      return outcomes;
    };
    const [cold, warm, reads, creates] = await Promise.all([
      each((agent) => this.verify(agent, this.unseen.pop()?.secret ?? '')),
      each((agent) => this.verify(agent, own)),
      each((agent) => exchange(agent, 'GET', `${this.service.url}${KEYS}?limit=10`, { secret: own })),
      each((agent) =>
        exchange(agent, 'POST', `${this.service.url}${KEYS}`, { secret: own, body: { label: 'Meanwhile' } }),
      ),
    ]);
    return { cold, warm, reads, creates };
  }

  private verify(agent: Agent, secret: string): Promise<Outcome> {
    return exchange(agent, 'POST', `${this.service.internalUrl}/verify`, { body: { secret } });
  }
}

/** The share of outcomes that are good. */
export function shareOf(outcomes: readonly Outcome[], isGood: (outcome: Outcome) => boolean): number {
  return outcomes.filter(isGood).length / outcomes.length;
}

/** The middle of their durations, in milliseconds. */
export function medianMs(outcomes: readonly Outcome[]): number {
  return outcomes.map(({ ms }) => ms).sort((a, b) => a - b)[Math.floor(outcomes.length / 2)] ?? NaN;
}
