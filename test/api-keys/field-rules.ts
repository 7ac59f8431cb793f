import { type Answer, type KeyOnWire, KeysClient } from '../support/api-client.js';
import type { Fixture } from '../support/fixtures.js';
import { expectFailure, like } from '../support/expect-answer.js';

type Send = (client: KeysClient, fixture: Fixture, body: unknown) => Promise<Answer<KeyOnWire>>;
type Case<Expected> = readonly [why: string, value: unknown, expected: Expected];

const NOT_A_FIELD = 'is not a recognized field';
const BLANK = 'must contain a visible character';
const UNSTORABLE = 'must not contain a NUL character or an unpaired surrogate';
const NO_DATE_TIME = 'must be a valid UTC date-time (YYYY-MM-DD HH:MM:SS), or null';
const UNKNOWN_SCOPE = /^contains an unknown scope\. Valid scopes: /;
const EMOJI = '🔑';

const addresses = (count: number) => Array.from({ length: count }, (_, place) => `10.0.0.${place}`);

const REFUSED: Readonly<Record<string, readonly Case<string | RegExp>[]>> = {
  label: [
    ['left out', undefined, 'is required'],
    ['null', null, 'must be a string'],
    ['a number', 7, 'must be a string'],
    ['a list', ['x'], 'must be a string'],
    ['an object', { x: 'x' }, 'must be a string'],
    ['empty', '', BLANK],
    ['spaces', '   ', BLANK],
    ['white space and what shows as nothing', '\t\n\u00a0\u200b\u2060\u00ad', BLANK],
    ['of 256 characters', 'x'.repeat(256), 'must have at most 255 characters'],
    ['of 256 emoji', EMOJI.repeat(256), 'must have at most 255 characters'],
    ['with a NUL', 'a\0b', UNSTORABLE],
    ['with half of a surrogate pair', 'a\ud83d', UNSTORABLE],
    ['with the other half', '\udd11a', UNSTORABLE],
  ],
  description: [
    ['a number', 7, 'must be a string, or null'],
    ['false', false, 'must be a string, or null'],
    ['of 1,001 characters', 'x'.repeat(1001), 'must have at most 1000 characters'],
    ['with a NUL', '\0', UNSTORABLE],
    ['with half of a surrogate pair', '\ud800x', UNSTORABLE],
  ],
  scopes: [
    ['empty', [], 'must contain at least one scope; omit the field for the default'],
    ['a text', 'invoices.read', 'must be an array of scopes'],
    ['an object', { 0: 'invoices.read', length: 1 }, 'must be an array of scopes'],
    ['true', true, 'must be an array of scopes'],
    [
      'unknown',
      ['invoices.read', 'invoices.delete'],
      /^contains an unknown scope "invoices\.delete"\. Valid scopes: invoices\.create, /,
    ],
    ['in capitals', ['Invoices.Read'], UNKNOWN_SCOPE],
    ['with a space', ['invoices.read '], UNKNOWN_SCOPE],
    ['a wildcard', ['*'], UNKNOWN_SCOPE],
    ['a member of every object', ['constructor'], /^contains an unknown scope "constructor"\. Valid/],
    ['a number among them', ['invoices.read', 7], UNKNOWN_SCOPE],
    ['null among them', ['invoices.read', null], UNKNOWN_SCOPE],
    ['a list among them', [['invoices.read']], UNKNOWN_SCOPE],
    ['endless', ['x'.repeat(5000)], UNKNOWN_SCOPE],
  ],
  ip_allow_list: [
    ['a text', '10.0.0.1', 'must be an array of IP addresses and networks'],
    ['a number among them', [167772161], 'must contain only strings: IP addresses and networks'],
    ['null among them', ['10.0.0.1', null], 'must contain only strings: IP addresses and networks'],
    ['of 101 entries', addresses(101), 'must contain at most 100 entries; use networks (CIDR) to cover more'],
    ['an empty entry', [''], /must not be empty/],
    ['with white space', [' 10.0.0.1'], /white space/],
    ['two in one entry', ['10.0.0.1,10.0.0.2'], /must be .* address/],
    ['a short spelling', ['10.1'], /four decimal numbers/],
    ['an octal spelling', ['010.0.0.1'], /must not start with 0/],
    ['a hexadecimal spelling', ['0x0a.0.0.1'], /hexadecimal/],
    ['an integer', ['167772161'], /four decimal numbers/],
    ['out of range', ['10.0.0.256'], /0 to 255/],
    ['with a zone id', ['fe80::1%eth0'], /zone id/],
    ['with a port', ['10.0.0.1:80'], /port/],
    ['in brackets', ['[2001:db8::1]'], /brackets/],
    ['a host name', ['example.com'], /host name/],
    ['a wildcard', ['10.0.0.*'], /CIDR/],
    ['a range', ['10.0.0.1-10.0.0.9'], /CIDR/],
    ['with a netmask', ['10.0.0.0/255.0.0.0'], /prefix length/],
    ['with an empty prefix length', ['10.0.0.0/'], /prefix length/],
    ['with a prefix length of 33', ['10.0.0.0/33'], /at most 32/],
    ['with a prefix length of 129', ['2001:db8::/129'], /at most 128/],
    ['with a leading zero in the prefix length', ['10.0.0.0/08'], /leading zeros/],
    ['with host bits', ['10.0.0.5/24'], /10\.0\.0\.0\/24 for the whole network or 10\.0\.0\.5 for the single address/],
    ['with host bits in IPv6', ['2001:db8::1/32'], /2001:db8::\/32 .* 2001:db8::1 /],
    ['across both families', ['::ffff:0:0/90'], /at once/],
    ['IPv4 with an IPv4 prefix length, mapped', ['::ffff:10.0.0.0/8'], /104/],
    ['a bad one behind a good one', ['10.0.0.1', 'nonsense'], /host name/],
  ],
  expires_at: [
    ['30 February', '2099-02-30 00:00:00', NO_DATE_TIME],
    ['29 February of no leap year', '2099-02-29 00:00:00', NO_DATE_TIME],
    ['month 13', '2099-13-01 00:00:00', NO_DATE_TIME],
    ['day 0', '2099-01-00 00:00:00', NO_DATE_TIME],
    ['24 o’clock', '2099-01-01 24:00:00', NO_DATE_TIME],
    ['a leap second', '2099-12-31 23:59:60', NO_DATE_TIME],
    ['year 0', '0000-00-00 00:00:00', NO_DATE_TIME],
    ['year 10000', '10000-01-01 00:00:00', NO_DATE_TIME],
    ['ISO 8601', '2099-01-01T00:00:00Z', NO_DATE_TIME],
    ['with a fraction', '2099-01-01 00:00:00.5', NO_DATE_TIME],
    ['with a zone', '2099-01-01 00:00:00+02:00', NO_DATE_TIME],
    ['a day alone', '2099-01-01', NO_DATE_TIME],
    ['without leading zeros', '2099-1-1 0:0:0', NO_DATE_TIME],
    ['with white space around', ' 2099-01-01 00:00:00', NO_DATE_TIME],
    ['with a line end behind', '2099-01-01 00:00:00\n', NO_DATE_TIME],
    ['empty', '', NO_DATE_TIME],
    ['seconds since the epoch', 4070908800, NO_DATE_TIME],
    ['in the past', '2020-01-01 00:00:00', /^must be in the future; it is \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC now$/],
    ['the first moment there is', '1000-01-01 00:00:00', /^must be in the future/],
  ],
  ip_allowlist: [['a misspelt ip_allow_list', ['10.0.0.1'], NOT_A_FIELD]],
  ipAllowList: [['an ip_allow_list in camel case', ['10.0.0.1'], NOT_A_FIELD]],
  id: [['chosen by the caller', 'api_key_0197c0f1-9589-7990-b421-4b806f637b0c', NOT_A_FIELD]],
  secret: [['chosen by the caller', 'sk_live_mine', NOT_A_FIELD]],
  organization_id: [['chosen by the caller', 'org_0197c0f1-9589-7990-b421-4b806f637b0c', NOT_A_FIELD]],
  created_by: [['chosen by the caller', null, NOT_A_FIELD]],
  created_at: [['chosen by the caller', '2020-01-01 00:00:00', NOT_A_FIELD]],
  metrics: [['chosen by the caller', {}, NOT_A_FIELD]],
  revision: [['a column of the table', 7, NOT_A_FIELD]],
};

const ACCEPTED: Readonly<Record<string, readonly Case<unknown>[]>> = {
  label: [
    ['one character', 'x', 'x'],
    ['255 emoji', EMOJI.repeat(255), EMOJI.repeat(255)],
    ['with blanks around, which it keeps', " Ünïcode “label” \\ ' -- ", " Ünïcode “label” \\ ' -- "],
  ],
  description: [
    ['null', null, null],
    ['empty', '', ''],
    ['of 1,000 emoji', EMOJI.repeat(1000), EMOJI.repeat(1000)],
  ],
  scopes: [
    ['one', ['users.sessions.deactivate'], ['users.sessions.deactivate']],
    [
      'named twice, which are folded',
      ['payments.read', 'invoices.read', 'payments.read'],
      ['payments.read', 'invoices.read'],
    ],
  ],
  ip_allow_list: [
    ['null: any address', null, []],
    ['empty: any address', [], []],
    ['100 entries', addresses(100), addresses(100)],
    ['an IPv4 address', ['192.168.1.10'], ['192.168.1.10']],
    ['networks of both families', ['203.0.0.0/8', '2001:0DB8::/32'], ['203.0.0.0/8', '2001:db8::/32']],
    ['networks of one address', ['10.0.0.1/32', '2001:db8::1/128'], ['10.0.0.1', '2001:db8::1']],
    ['IPv6 spelled out', ['2001:0db8:0000:0000:0000:0000:0000:0001'], ['2001:db8::1']],
    ['IPv4-mapped, which is IPv4', ['::ffff:10.0.0.1', '::ffff:10.1.0.0/112'], ['10.0.0.1', '10.1.0.0/16']],
    ['a mapped network', ['::ffff:10.0.0.0/104'], ['10.0.0.0/8']],
    ['duplicates in other spellings, folded', ['10.0.0.1', '::ffff:a00:1', '10.0.0.1/32'], ['10.0.0.1']],
    ['every address of each family', ['0.0.0.0/0', '::/0'], ['0.0.0.0/0', '::/0']],
  ],
  expires_at: [
    ['null: never', null, null],
    ['29 February of a leap year', '2096-02-29 12:34:56', '2096-02-29 12:34:56'],
    ['inside the hour that daylight saving skips', '2099-03-29 02:30:00', '2099-03-29 02:30:00'],
    ['the last moment there is', '9999-12-31 23:59:59', '9999-12-31 23:59:59'],
  ],
};

/**
 * The rules of the fields that create and update share: each rejection by name, each accepted value
 * as it is stored.
 */
export function describeFieldRules(fixtureOf: () => Fixture, send: Send): void {
  describe.each(Object.entries(REFUSED))('the field %s is refused', (field, cases) => {
    it.each(cases)('when it is %s', async (_, value, message) => {
      const fixture = fixtureOf();
      const answer = await send(fixture.client, fixture, { label: 'x', [field]: value });
      expectFailure(answer, 400, {
        error: /^The request is invalid[.:] /,
        validator: { [field]: typeof message === 'string' ? message : like(message) },
      });
    });
  });

  describe.each(Object.entries(ACCEPTED))('the field %s is taken', (field, cases) => {
    it.each(cases)('when it is %s', async (_, value, stored) => {
      const fixture = fixtureOf();
      const answer = await send(fixture.client, fixture, { label: 'x', [field]: value });
      expect(answer.status).toBe(200);
      const { data } = await fixture.client.get(answer.body.data.id).then(({ body }) => body);
      expect([answer.body.data, data]).toEqual([
        expect.objectContaining({ [field]: stored }),
        expect.objectContaining({ [field]: stored }),
      ]);
    });
  });

  it('is told of every wrong field at once, one message each', async () => {
    const fixture = fixtureOf();
    const answer = await send(fixture.client, fixture, { label: '', description: 7, scopes: [], colour: 'red' });
    expectFailure(answer, 400, {
      error: 'The request is invalid. See validator for the 4 fields to fix.',
      validator: {
        label: BLANK,
        description: 'must be a string, or null',
        scopes: like(/./),
        colour: NOT_A_FIELD,
      },
    });
  });

  it('refuses an expiry at this very moment: at that moment a key is expired', async () => {
    const fixture = fixtureOf();
    const answer = await send(fixture.client, fixture, { label: 'x', expires_at: await fixture.timeIn(0) });
    expectFailure(answer, 400, {
      error: 'The request is invalid: expires_at must be in the future.',
      validator: { expires_at: like(/^must be in the future/) },
    });
  });

  it.each([
    ['a list', '[]'],
    ['a text', '"x"'],
    ['null', 'null'],
  ])('refuses a body that is %s instead of an object', async (_, body) => {
    const fixture = fixtureOf();
    expectFailure(await send(fixture.client, fixture, JSON.parse(body)), 400, {
      error: 'The body must be a JSON object: {…}.',
    });
  });
}
