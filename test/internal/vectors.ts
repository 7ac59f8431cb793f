import { randomBytes } from 'node:crypto';
import type { Scope } from '../../src/common/access/scope.js';
import { OrganizationsService } from '../../src/organizations/organizations.service.js';
import { decodeSecretId, formatSecret, parseSecretId } from '../../src/secrets/secret-format.js';
import type { Fixture } from '../support/fixtures.js';

/** One attempt and its verdict, the same at every endpoint. Null: the address is unknown. */
export interface Vector {
  readonly what: string;
  readonly secret: string;
  readonly scope: Scope | null;
  readonly address: string | null;
  readonly code: string;
}

const ADDRESSES = [
  '203.0.113.7',
  '::ffff:203.0.113.7',
  '203.0.113.8',
  '198.51.100.255',
  '198.51.101.0',
  '10.200.3.4',
  '2001:db8:ffff::1',
  '2001:db9::1',
  null,
] as const;

/** Allow-lists, and which of the addresses above each contains. */
const LISTS: readonly { readonly list: readonly string[]; readonly holds: readonly (string | null)[] }[] = [
  { list: ['203.0.113.7'], holds: ['203.0.113.7', '::ffff:203.0.113.7'] },
  { list: ['198.51.100.0/24'], holds: ['198.51.100.255'] },
  { list: ['2001:db8::/32'], holds: ['2001:db8:ffff::1'] },
  { list: ['::ffff:10.0.0.0/104', '2001:db9::1'], holds: ['10.200.3.4', '2001:db9::1'] },
  { list: ['::/0'], holds: ['2001:db8:ffff::1', '2001:db9::1'] },
  {
    list: ['0.0.0.0/0'],
    holds: ['203.0.113.7', '::ffff:203.0.113.7', '203.0.113.8', '198.51.100.255', '198.51.101.0', '10.200.3.4'],
  },
];

/** The scopes that the public routes need: none, or one of these. */
export const SCOPES_ASKED = [null, 'api_keys.read', 'api_keys.create', 'api_keys.update', 'api_keys.delete'] as const;

const READER: readonly Scope[] = ['api_keys.read', 'invoices.read'];

/** Every vector: living keys by scope and address, dead ones, strangers, and what is no secret. */
export async function makeVectors(fixture: Fixture): Promise<Vector[]> {
  return [...(await livingKeys(fixture)), ...(await deadKeys(fixture)), ...(await strangers(fixture))];
}

async function livingKeys(fixture: Fixture): Promise<Vector[]> {
  const lists = [{ list: [] as readonly string[], holds: ADDRESSES as readonly (string | null)[] }, ...LISTS];
  const vectors: Vector[] = [];
  for (const { list, holds } of lists) {
    for (const scopes of [null, READER]) {
      const key = await fixture.createKey({ ip_allow_list: list, ...(scopes !== null && { scopes }) });
      const what = `a key of ${scopes === null ? 'every scope' : scopes.join()} for ${list.join() || 'any address'}`;
      for (const scope of SCOPES_ASKED) {
        const mayDoIt = scope === null || scopes === null || scopes.includes(scope);
        for (const address of ADDRESSES) {
          const here = holds.includes(address) ? 'VALID' : address === null ? 'CLIENT_IP_REQUIRED' : 'IP_NOT_ALLOWED';
          vectors.push({ what, secret: key.secret, scope, address, code: mayDoIt ? here : 'INSUFFICIENT_SCOPES' });
        }
      }
    }
  }
  return vectors;
}

/**
 * A dead key takes precedence over scopes and addresses, and its organization over the key itself.
 */
async function deadKeys(fixture: Fixture): Promise<Vector[]> {
  const { app, createKey, setColumn, client } = fixture;
  const stopped = await app.createOrganization('Stopped');
  const make = { deleted: createKey, disabled: createKey, expired: createKey } as const;
  const vectors: Vector[] = [];
  const narrow = { scopes: READER, ip_allow_list: ['192.0.2.1'] };
  for (const request of [{}, narrow]) {
    const deleted = await make.deleted(request);
    await client.delete(deleted.id);
    const disabled = await make.disabled(request);
    await setColumn(disabled.id, 'disabled_at', 'UTC_TIMESTAMP()');
    const expired = await make.expired(request);
    await setColumn(expired.id, 'expires_at', 'UTC_TIMESTAMP()');
    const both = await make.disabled(request);
    await setColumn(both.id, 'expires_at', 'UTC_TIMESTAMP() - INTERVAL 1 DAY');
    await setColumn(both.id, 'disabled_at', 'UTC_TIMESTAMP()');
    const ofStopped = await app.createKey(stopped, request);
    await setColumn(ofStopped.id, 'deleted_at', request === narrow ? 'UTC_TIMESTAMP()' : 'NULL');
    const dead = { DELETED: deleted, DISABLED: disabled, EXPIRED: expired, ORGANIZATION_INACTIVE: ofStopped };
    for (const [code, key] of [...Object.entries(dead), ['DISABLED', both] as const]) {
      for (const scope of SCOPES_ASKED) {
        for (const address of ['203.0.113.7', '192.0.2.1', null]) {
          vectors.push({ what: `a dead key`, secret: key.secret, scope, address, code });
        }
      }
    }
  }
  await app.app.get(OrganizationsService).deactivate(stopped);
  return vectors;
}

async function strangers({ createKey }: Fixture): Promise<Vector[]> {
  const { secret } = await createKey();
  const id = decodeSecretId(parseSecretId('sk_live_', secret) ?? '');
  const unknown = {
    'a secret that was never issued': formatSecret('sk_live_', randomBytes(16), randomBytes(24)),
    'a secret with the id of another': formatSecret('sk_live_', id, randomBytes(24)),
  };
  const malformed = {
    'a secret of the other kind': formatSecret('sk_test_', randomBytes(16), randomBytes(24)),
    'a secret with one character changed': `${secret.slice(0, 30)}${secret[30] === 'a' ? 'b' : 'a'}${secret.slice(31)}`,
    'half a secret': secret.slice(0, 40),
    'a secret and more': `${secret}0`,
    'a secret in capitals': secret.toUpperCase(),
    'any other token': 'eyJhbGciOiJIUzI1NiJ9.e30.x',
  };
  const all = [
    ...Object.entries(unknown).map(([what, text]) => [what, text, 'NOT_FOUND'] as const),
    ...Object.entries(malformed).map(([what, text]) => [what, text, 'MALFORMED'] as const),
  ];
  return all.flatMap(([what, text, code]) =>
    ([null, 'api_keys.read'] as const).flatMap((scope) =>
      ['203.0.113.7', null].map((address) => ({ what, secret: text, scope, address, code })),
    ),
  );
}
