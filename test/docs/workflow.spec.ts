import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';

interface Step {
  run?: string;
}

interface Workflow {
  jobs: Record<string, { steps: Step[]; strategy?: { matrix: { node: number[] } } }>;
}

const DOCUMENT = parseDocument(readFileSync('.github/workflows/ci.yml', 'utf8'), { strict: true });
const { jobs } = DOCUMENT.toJS() as Workflow;

/** The shell commands of all jobs. */
const COMMANDS = Object.values(jobs)
  .flatMap(({ steps }) => steps)
  .flatMap(({ run }) => run ?? []);

function matchesOf(pattern: RegExp): string[] {
  return COMMANDS.flatMap((command) => [...command.matchAll(pattern)].map(([, match]) => match ?? ''));
}

describe('the workflow of GitHub Actions', () => {
  it('is valid YAML', () => {
    expect([...DOCUMENT.errors, ...DOCUMENT.warnings]).toEqual([]);
  });

  it('calls only npm scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    const called = matchesOf(/\bnpm (?:run )?([\w:-]+)/g);
    expect(called).toEqual(expect.arrayContaining(['check', 'test', 'test:mysql']));
    expect(called.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('calls the scripts by npm, which checks the system first', () => {
    expect(matchesOf(/\bnode (\S+\.[cm]?js)\b/g)).toEqual([]);
  });

  it('tests on every supported line of Node, the oldest of which package.json names', () => {
    const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };
    expect(jobs.test?.strategy?.matrix.node).toEqual([20, 22, 24]);
    expect(engines.node).toMatch(/^>=20\./);
  });
});
