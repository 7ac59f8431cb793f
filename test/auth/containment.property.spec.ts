import { randomInt } from 'node:crypto';
import { type KeyOnWire, KeysClient } from '../support/api-client.js';
import { type Fixture, startFixture } from '../support/fixtures.js';

const STEPS = 250;
/** A walk that has not been everywhere by then goes on for as long. */
const MAX_STEPS = 750;
/** Each creation takes as long as bcrypt does, and several times that on a busy machine. */
const PATIENCE_MS = 120_000;
const SEED = Number(process.env.CONTAINMENT_SEED ?? randomInt(2 ** 31));

const SCOPES = ['api_keys.create', 'api_keys.update', 'invoices.read', 'invoices.create', 'users.update'] as const;
type Scope = (typeof SCOPES)[number];
const EXPIRIES = ['2097-01-01 00:00:00', '2098-01-01 00:00:00', '2099-01-01 00:00:00'] as const;

/** Sixteen IPv4 addresses and sixteen of IPv6: small enough to write every network out. */
const ADDRESSES = Array.from({ length: 16 }, (_, low) => [`10.0.0.${low}`, `2001:db8::${low.toString(16)}`]).flat();
const NETWORKS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  [0, 1, 2, 3, 4].flatMap((bits) =>
    Array.from({ length: 16 >> bits }, (_, place): [string, ReadonlySet<string>][] => {
      const lows = Array.from({ length: 1 << bits }, (_unused, offset) => (place << bits) + offset);
      const first = place << bits;
      const firstV6 = first === 0 ? '2001:db8::' : `2001:db8::${first.toString(16)}`;
      return [
        [bits === 0 ? `10.0.0.${first}` : `10.0.0.${first}/${32 - bits}`, new Set(lows.map((low) => `10.0.0.${low}`))],
        [
          bits === 0 ? firstV6 : `${firstV6}/${128 - bits}`,
          new Set(lows.map((low) => `2001:db8::${low.toString(16)}`)),
        ],
      ];
    }).flat(),
  ),
);

/** A key in the model. */
interface Believed {
  readonly id: string;
  readonly secret: string;
  readonly scopes: readonly Scope[];
  /** Empty: any address. */
  readonly networks: readonly string[];
  /** Null: never. */
  readonly expiresAt: string | null;
}
type Strength = Pick<Believed, 'scopes' | 'networks' | 'expiresAt'>;

/** A request, as it is sent. */
interface Wish {
  readonly label: string;
  readonly scopes?: readonly Scope[] | null;
  readonly ip_allow_list?: readonly string[] | null;
  readonly expires_at?: string | null;
}

/** The rule in its simplest form: sets of addresses written out one by one. */
function isWithin(child: Strength, parent: Strength): boolean {
  const addressesOf = (network: string) => [...(NETWORKS.get(network) ?? [])];
  const reaches = (network: string) =>
    parent.networks.some((own) => addressesOf(network).every((address) => addressesOf(own).includes(address)));
  const scopes = child.scopes.every((scope) => parent.scopes.includes(scope));
  const networks = parent.networks.length === 0 || (child.networks.length > 0 && child.networks.every(reaches));
  const life = parent.expiresAt === null || (child.expiresAt !== null && child.expiresAt <= parent.expiresAt);
  return scopes && networks && life;
}

/**
 * The requested values. Where none is requested, a creating key passes on its own and an updated
 * key keeps its own.
 */
function merged(before: Strength, wish: Wish): Strength {
  return {
    scopes: wish.scopes ?? before.scopes,
    networks: wish.ip_allow_list === undefined ? before.networks : (wish.ip_allow_list ?? []),
    expiresAt: wish.expires_at === undefined ? before.expiresAt : wish.expires_at,
  };
}

/** mulberry32: small, and the same everywhere. */
class Chance {
  constructor(private state: number) {}

  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  is(probability: number): boolean {
    return this.below(1_000) < probability * 1_000;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) {
      throw new Error('nothing to pick from');
    }
    return item;
  }

  some<T>(items: readonly T[], atLeast: number): T[] {
    const chosen = items.filter(() => this.is(0.6));
    return chosen.length >= atLeast ? chosen : [this.pick(items)];
  }
}

function randomWish(chance: Chance, label: string, near: Strength, nullableScopes: boolean): Wish {
  // Half of the requested values come from the actor itself, so that enough requests are granted.
  const networks = chance.is(0.5) && near.networks.length > 0 ? near.networks : [...NETWORKS.keys()];
  const scopes = chance.is(0.7) ? near.scopes : SCOPES;
  return {
    label,
    ...(chance.is(0.6) && { scopes: nullableScopes && chance.is(0.1) ? null : chance.some(scopes, 1) }),
    ...(chance.is(0.6) && {
      ip_allow_list: chance.is(0.15)
        ? chance.pick([null, []])
        : [...new Set([chance.pick(networks), chance.pick(networks)])],
    }),
    ...(chance.is(0.6) && { expires_at: chance.pick([...EXPIRIES, near.expiresAt, null]) }),
  };
}

describe(`over random sequences of creates and updates (CONTAINMENT_SEED=${SEED})`, () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture({ env: { TRUST_PROXY: '127.0.0.1', LOG_LEVEL: 'fatal' } });
  });
  afterAll(() => fixture.app.close());

  it(
    'no key ever gains what the key that made or changed it did not have at that moment',
    async () => {
      const chance = new Chance(SEED);
      const { root } = fixture;
      const keys: Believed[] = [];
      for (let number = 0; number < 4; number++) {
        const strength = { scopes: [...SCOPES], networks: [], expiresAt: null };
        const { data } = (await fixture.client.create({ label: `Seed ${number}`, scopes: strength.scopes })).body;
        keys.push({ id: data.id, secret: data.secret, ...strength });
      }
      const [strongest] = keys;
      if (strongest === undefined) {
        throw new Error('no key');
      }
      const granted = { creates: 0, updates: 0 };
      const refused = { access: 0, containment: 0 };

      const leastSeen = () => Math.min(granted.creates, granted.updates, refused.access, refused.containment);

      for (let step = 0; step < STEPS || (leastSeen() <= 5 && step < MAX_STEPS); step++) {
        const actor = chance.is(0.2) ? strongest : chance.pick(keys);
        const address = chance.pick(
          actor.networks.length === 0 || chance.is(0.05)
            ? ADDRESSES
            : [...(NETWORKS.get(chance.pick(actor.networks)) ?? [])],
        );
        const client = new KeysClient(fixture.app, actor.secret, { 'x-forwarded-for': address });
        const isCreate = chance.is(0.2);
        // The first key is never updated: once no key may create or update, the walk would stand
        // still.
        const place = Math.max(1, chance.is(0.15) ? keys.indexOf(actor) : chance.below(keys.length));
        const target = keys[place] ?? actor;
        const wish = randomWish(chance, `Step ${step}`, actor, isCreate);
        const answer = await (isCreate ? client.create(wish) : client.update(target.id, wish));

        const mayCall =
          actor.scopes.includes(isCreate ? 'api_keys.create' : 'api_keys.update') &&
          (actor.networks.length === 0 || actor.networks.some((network) => NETWORKS.get(network)?.has(address)));
        const outcome = merged(isCreate ? actor : target, wish);
        const isContained = isWithin(outcome, actor) && (isCreate || isWithin(target, actor));
        const situation = JSON.stringify({ seed: SEED, step, isCreate, actor, address, target, wish });

        expect({ situation, status: answer.status }).toEqual({ situation, status: mayCall && isContained ? 200 : 403 });
        if (!mayCall || !isContained) {
          refused[mayCall ? 'containment' : 'access'] += 1;
          continue;
        }
        expectStrength(answer.body.data, outcome);
        if (isCreate) {
          granted.creates += 1;
          keys.push({ id: answer.body.data.id, secret: answer.body.data.secret, ...outcome });
        } else {
          granted.updates += 1;
          keys[place] = { ...target, ...outcome };
        }
      }

      // Every key equals the model, rejected requests included, and the walk has covered every
      // state.
      const listed = (await fixture.client.list('?limit=1000')).body.data.filter(({ id }) => id !== root.id);
      expect(listed.map(({ id }) => id).toSorted()).toEqual(keys.map(({ id }) => id).toSorted());
      for (const key of keys) {
        for (const found of listed.filter(({ id }) => id === key.id)) {
          expectStrength(found, key);
        }
      }
      expect(leastSeen()).toBeGreaterThan(5);
    },
    PATIENCE_MS,
  );
});

function expectStrength(data: KeyOnWire, { scopes, networks, expiresAt }: Strength): void {
  expect(new Set(data.scopes)).toEqual(new Set(scopes));
  expect({ networks: data.ip_allow_list, expiresAt: data.expires_at }).toEqual({ networks, expiresAt });
}
