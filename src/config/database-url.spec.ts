import { databaseUrl } from './database-url.js';

function problemOf(url: string): string {
  try {
    databaseUrl(url);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('DATABASE_URL', () => {
  it.each([
    ['#', '%23'],
    ['/', '%2F'],
    ['?', '%3F'],
  ])('with a bare "%s" in the password or the user says where it is and to write it as %s', (character, encoded) => {
    const fix = (part: string) => `has a "${character}" in the ${part}: write it as ${encoded}`;
    for (const password of [`hun${character}ter2`, `${character}hunter2`, `hunter2${character}`, `12${character}34`]) {
      expect(problemOf(`mysql://keys:${password}@db.internal:3306/keys`)).toBe(fix('password'));
    }
    expect(problemOf(`mysql://ke${character}ys:hunter2@db.internal/keys`)).toBe(fix('user'));
    expect(problemOf(`mysql://ke${character}ys@db.internal/keys`)).toBe(fix('user'));
  });

  it.each(['p@ss/word', 'p@ss#word', 'p@ss?word', 'a:b@c/d', 'x@h/db?y', 'x@h/db#y'])(
    'names the character that cut a password short, also behind an @: %s',
    (password) => {
      expect(problemOf(`mysql://keys:${password}@db.internal:3306/keys`)).toMatch(
        /^has a "[#/?]" in the password: write it as %(?:23|2F|3F)$/,
      );
    },
  );

  it.each(['p@ss', 'a:b:c', 'two words', 'p\\ss', 'p|s^s', 'p"s<s>', '[p]', 'pä€ß', "p'`s", '&=;,$!*()'])(
    'takes the password %s as it stands, because nothing in it ends it',
    (password) => {
      expect(databaseUrl(`mysql://keys:${password}@db.internal/keys`)).toMatchObject({ user: 'keys', password });
    },
  );

  it.each(['#', '/', '?', '@', ':', '%', ' ', 'ä'])('takes "%s" percent-encoded in user and password', (character) => {
    const encoded = encodeURIComponent(`a${character}b`);
    expect(databaseUrl(`mysql://${encoded}:${encoded}@db.internal/keys`)).toMatchObject({
      user: `a${character}b`,
      password: `a${character}b`,
      host: 'db.internal',
      name: 'keys',
    });
  });

  it('says the same of a bare percent sign, and where it is', () => {
    expect(problemOf('mysql://keys:100%sure@h/keys')).toBe('has a "%" in the password: write it as %25');
    expect(problemOf('mysql://100%sure:x@h/keys')).toBe('has a "%" in the user: write it as %25');
    expect(problemOf('mysql://keys:x@h/100%sure')).toBe('has a "%" in the name: write it as %25');
  });

  it('refuses line breaks and tabs, which a URL parser would drop from the password without a word', () => {
    for (const character of ['\n', '\r', '\t']) {
      expect(problemOf(`mysql://keys:hun${character}ter2@h/keys`)).toContain('must not have a tab or a line break');
    }
  });

  it.each([
    ['postgres://u:hunter2@h/keys', 'must begin with mysql://'],
    ['mariadb://u:hunter2@h/keys', 'must begin with mysql://'],
    ['u:hunter2@h/keys', 'must begin with mysql://'],
    ['mysql://h/keys', 'must name a user'],
    ['mysql://u:hunter2@h', 'must end with the name of a database'],
    ['mysql://u:hunter2@h/', 'must end with the name of a database'],
    ['mysql://u:hunter2@h/a(b', 'of letters, digits'],
    ['mysql://u:hunter2@h/keys/more', 'of letters, digits'],
    ['mysql://u:hunter2@h:99999/keys', 'must have a port from 1 to 65535'],
    ['mysql://u:hunter2@h:port/keys', 'must have a port from 1 to 65535'],
    ['mysql://u:hunter2@[::1]:99999/keys', 'must have a port from 1 to 65535'],
    ['mysql://u:hunter2@h/keys#x', 'must not have a "#" after the name'],
    ['mysql://u:hunter2@h/keys?socketPath=/run/@x&ssl=1', 'takes only the parameters'],
    ['mysql://u:hunter2@ho st/keys', 'must be a URL of the form'],
  ])('says what is wrong of %s, and never repeats the password', (url, problem) => {
    expect(problemOf(url)).toContain(problem);
    expect(problemOf(url)).not.toContain('hunter2');
  });
});
