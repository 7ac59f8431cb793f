import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { endProcesses } from '../support/running-process.js';
import { TestProcess } from '../support/test-process.js';

interface PackageFile {
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
}

const { engines, scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as PackageFile;

/**
 * A Node version that is not installed cannot load a file of the test, so the installed one reports
 * another version.
 */
const PRETENCE = { NODE_OPTIONS: `--require "${resolve('test/lifecycle/pretend-version.cjs')}"` };

const sentence = (version: string) => `Latchkey needs Node 20.19 or newer; this is ${version}.\n`;

describe('on a Node that is too old', () => {
  afterEach(() => endProcesses());

  it.each(['16.20.2', '18.20.8', '20.0.0', '20.18.3'])(
    '(%s) the service and the command line say so, and nothing else',
    async (version) => {
      for (const program of ['main', 'cli'] as const) {
        const product = new TestProcess({ program, env: { ...PRETENCE, PRETENDED_NODE: version } });
        expect(await product.ends()).toBe(1);
        expect([product.stdout, product.stderr]).toEqual(['', sentence(version)]);
      }
    },
  );

  it.each(['18.20.8', '20.18.3'])('(%s) the scripts say so, and nothing else', (version) => {
    expect(checkSystem({ PRETENDED_NODE: version })).toEqual({ status: 1, stdout: '', stderr: sentence(version) });
  });

  it('the version that is named is the one that package.json requires', () => {
    expect(engines.node).toBe('>=20.19');
    expect(checkSystem({ PRETENDED_NODE: '20.19.0' })).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(checkSystem({ PRETENDED_NODE: '24.0.0' })).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});

describe('the npm scripts', () => {
  it('name the systems that they run on, and end with 1, on Windows', () => {
    const { status, stderr } = checkSystem({ PRETENDED_SYSTEM: 'win32' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Latchkey runs on Linux and macOS\. .*WSL 2.*\n$/);
  });

  it('check the system before they use what another system or an old Node lacks', () => {
    const unchecked = Object.entries(scripts).filter(
      ([, command]) => !command.startsWith('node scripts/check-system.cjs && exec '),
    );
    // It runs what is built already, also where there are no scripts; the service checks its Node
    // itself.
    expect(Object.fromEntries(unchecked)).toEqual({ 'start:prod': 'exec node dist/src/main.js' });
  });

  it('are there for each script in the folder', () => {
    const commands = Object.values(scripts).join('\n');
    const files = readdirSync('scripts').filter((name) => name.endsWith('.mjs'));
    expect(files.filter((name) => !commands.includes(`scripts/${name}`))).toEqual([]);
  });
});

function checkSystem(env: Readonly<Record<string, string>>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/check-system.cjs'], {
    env: { ...PRETENCE, ...env },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}
