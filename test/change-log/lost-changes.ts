import { setTimeout as sleep } from 'node:timers/promises';
import { laneLimits } from '../../src/database/connection-lanes.js';
import { DEFAULT_POOL_SIZE } from '../../src/database/connection-options.js';
import { OrganizationsService } from '../../src/organizations/organizations.service.js';
import { KEYS, send } from '../support/api-client.js';
import type { SeededDatabase } from '../support/fixtures.js';
import { TestApp } from '../support/test-app.js';
import { MysqlProxy } from '../support/mysql-proxy.js';
import { concerns, createSubject, OPERATIONS, type Operation, type Subject } from './changes-under-test.js';

/** How many changes of different organizations have a connection at once. */
const AT_ONCE = laneLimits(DEFAULT_POOL_SIZE).runningPerTenant;
const PATIENCE_MS = 40_000;
const RETRY_PAUSE_MS = 250;

/**
 * Where the client of a change was lost, and how long it took until another instance had revoked
 * what the change concerned.
 */
export interface Loss {
  /** The statement that the server never received as a whole. */
  readonly before: string;
  readonly isHalfSent: boolean;
  readonly revokedAfterMs: number;
}

type Place = Pick<Loss, 'before' | 'isHalfSent'> & { readonly index: number };

/** An instance that is lost, and another that revokes. */
export interface Instances {
  readonly proxy: MysqlProxy;
  readonly losing: TestApp;
  readonly revoking: TestApp;
}

/** Starts both instances, one after the other. */
export async function startInstances(seeded: SeededDatabase): Promise<Instances> {
  const proxy = await MysqlProxy.open();
  const losing = await TestApp.start({ database: proxy.url(seeded.schema.name) });
  const revoking = await TestApp.start({ database: seeded.schema.url });
  return { proxy, losing, revoking };
}

/**
 * Makes the change again and again, loses its client at each statement in turn, and revokes on
 * another instance.
 */
export async function loseClients(
  seeded: SeededDatabase,
  { proxy, losing, revoking }: Instances,
  operation: Operation,
): Promise<Loss[]> {
  try {
    const places = placesIn(await statementsOf(proxy, losing, operation, await createSubject(seeded)));
    const losses: Promise<Loss>[] = [];
    for (let from = 0; from < places.length; from += AT_ONCE) {
      const some = await Promise.all(
        places.slice(from, from + AT_ONCE).map(async (place) => ({ place, subject: await createSubject(seeded) })),
      );
      const lost = new Map<Subject, () => void>();
      proxy.rule = (statements) => {
        const found = some.find(({ subject }) => concerns(subject, statements));
        if (found?.place.index !== statements.length - 1) {
          return 'passes';
        }
        lost.get(found.subject)?.();
        return found.place.isHalfSent ? 'half sent' : 'lost';
      };
      const changes = some.map(({ place, subject }) => {
        const isLost = new Promise<void>((resolve) => lost.set(subject, resolve));
        losses.push(isLost.then(async () => ({ ...place, revokedAfterMs: await revoke(revoking, subject) })));
        // It fails, because its instance is cut off.
        return OPERATIONS[operation](losing, subject).catch(() => undefined);
      });
      await Promise.all(changes);
    }
    return await Promise.all(losses);
  } finally {
    await Promise.all([losing.close(), revoking.close()]);
    await proxy.close();
  }
}

/** The statements of the change, START TRANSACTION first and COMMIT last. */
async function statementsOf(
  proxy: MysqlProxy,
  app: TestApp,
  operation: Operation,
  subject: Subject,
): Promise<readonly string[]> {
  let seen: readonly string[] = [];
  proxy.rule = (statements) => {
    if (statements.at(-1) === 'COMMIT' && concerns(subject, statements)) {
      seen = statements;
    }
    return 'passes';
  };
  await OPERATIONS[operation](app, subject);
  return seen;
}

/** Before each statement but the first; and in the middle of the last two. */
function placesIn(statements: readonly string[]): Place[] {
  const places = statements.map((before, index) => ({ before, index, isHalfSent: false })).slice(1);
  return [...places, ...places.slice(-2).map((place) => ({ ...place, isHalfSent: true }))];
}

/**
 * Deletes both keys and stops their organization, trying again while that is refused. @returns how
 * long it took
 */
async function revoke({ app, url }: TestApp, { organizationId, caller, target, revoker }: Subject): Promise<number> {
  const startedMs = performance.now();
  for (const { id } of [target, caller]) {
    await untilDone(`${id} is deleted`, async () => {
      const { status } = await send(url, 'DELETE', `${KEYS}/${id}`, { secret: revoker.secret });
      return status === 200 || status === 404;
    });
  }
  await untilDone('the organization is stopped', async () => {
    const { isActive } = await app.get(OrganizationsService).deactivate(organizationId);
    return !isActive;
  });
  return performance.now() - startedMs;
}

async function untilDone(what: string, attempt: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!(await attempt().catch(() => false))) {
    if (performance.now() > deadlineMs) {
      throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
    }
    await sleep(RETRY_PAUSE_MS);
  }
}
