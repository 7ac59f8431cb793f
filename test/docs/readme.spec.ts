import { readFileSync, existsSync } from 'node:fs';
import { VARIABLES, type Variable } from '../../src/config/variables.js';

const README = readFileSync('README.md', 'utf8');

function shownDefault(byDefault: Variable<unknown>['default']): string {
  if (byDefault === null || typeof byDefault === 'string') {
    return byDefault === null ? '' : `\`${byDefault}\``;
  }
  const { development, production } = byDefault;
  const parts = [
    development === null ? '' : `\`${development}\` in development`,
    production === null ? 'none in production' : `\`${production}\` in production`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function cells(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

describe('the README', () => {
  it('documents every variable, with its default and its purpose', () => {
    const rows = README.split('\n')
      .filter((line) => /^\| `[A-Z_]+` /.test(line))
      .map(cells);
    expect(rows).toEqual(
      Object.entries(VARIABLES).map(([name, { comment, default: byDefault }]) => [
        `\`${name}\``,
        shownDefault(byDefault),
        comment,
      ]),
    );
  });

  it('names only files that exist', () => {
    const links = [...README.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path ?? '');
    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((path) => !existsSync(path))).toEqual([]);
  });

  it('names every npm script that exists for users, and none that does not', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    const named = [...README.matchAll(/npm (?:run (?:-s )?)?(start:prod|start|test|check|build|migrate|cli)\b/g)].map(
      ([, name]) => name ?? '',
    );
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
    expect([...new Set(named)].sort()).toEqual(['build', 'check', 'cli', 'migrate', 'start', 'start:prod', 'test']);
  });
});
