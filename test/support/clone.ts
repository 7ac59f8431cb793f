import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { makeFolder, RunningProcess, testDist } from './running-process.js';

const FILES = [
  'scripts',
  'src',
  'migrations',
  'package.json',
  'package-lock.json',
  '.npmrc',
  'nest-cli.json',
  'tsconfig.json',
  'tsconfig.build.json',
];

interface Package {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

/**
 * A copy of the project in which npm scripts can run, and disturb nothing here: the files, the
 * build that the tests have, and links to the installed dependencies. `endProcesses` removes it.
 */
export class Clone {
  readonly folder: string;

  /**
   * `dependencies`: all that are installed here, or those that `npm ci --omit=dev` would install
   */
  constructor(dependencies: 'all' | 'production' = 'all', name = 'clone') {
    this.folder = join(makeFolder(), name);
    for (const file of FILES) {
      cpSync(file, join(this.folder, file), { recursive: true });
    }
    cpSync(dirname(testDist()), join(this.folder, 'dist'), { recursive: true });
    if (dependencies === 'all') {
      symlinkSync(resolve('node_modules'), join(this.folder, 'node_modules'));
    } else {
      this.linkProductionDependencies();
    }
  }

  /** Starts `npm` in the copy with the given environment only. */
  npm(args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningProcess {
    return this.start('npm', args, env);
  }

  /** Runs a line of a shell in the copy. */
  shell(command: string, env: Readonly<Record<string, string>> = {}): RunningProcess {
    return this.start('sh', ['-c', command], env);
  }

  private start(command: string, args: readonly string[], env: Readonly<Record<string, string>>): RunningProcess {
    return new RunningProcess(command, args, {
      cwd: this.folder,
      env: {
        PATH: process.env.PATH,
        PORT: '0',
        INTERNAL_PORT: '0',
        LOG_FORMAT: 'json',
        DATABASE_WAIT_MS: '0',
        npm_config_update_notifier: 'false',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Its own session, as that of a terminal: a signal to the group reaches npm, the shell and
      // the script.
      detached: true,
    });
  }

  private linkProductionDependencies(): void {
    const list = JSON.parse(readFileSync('node_modules/.package-lock.json', 'utf8')) as {
      readonly packages: Record<string, Package>;
    };
    const packages = Object.entries(list.packages).filter(([, { dev, devOptional }]) => !(dev ?? devOptional ?? false));
    for (const [path] of packages) {
      const link = join(this.folder, path);
      // What lies within another package comes with it.
      if (!existsSync(link)) {
        mkdirSync(dirname(link), { recursive: true });
        symlinkSync(resolve(path), link);
      }
    }
    const installed = { ...list, packages: Object.fromEntries(packages) };
    writeFileSync(join(this.folder, 'node_modules/.package-lock.json'), JSON.stringify(installed));
  }
}
