import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { makeFolder } from '../support/running-process.js';
import { eventually } from '../support/eventually.js';

/** Debian's; `npm test` names another if it finds one elsewhere. */
const PATH = process.env.NGINX_PATH ?? '/usr/sbin/nginx';
const EXAMPLE = 'docs/gateways/nginx.conf';
/** Folders that nginx creates even if it does not use them, away from the packager's defaults. */
const FOLDERS = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

const running = new Set<ChildProcess>();

/** `describe`, or a skipped one with instructions where nginx is missing. In CI it is required. */
export function describeBehindNginx(name: string, tests: () => void): void {
  if (existsSync(PATH) || process.env.CI === 'true') {
    describe(name, tests);
    return;
  }
  // Jest does not show the name of what is skipped.
  console.warn(`${name}: skipped. There is no ${PATH}: install Debian's package nginx, or set NGINX_PATH.`);
  describe.skip(name, tests);
}

/** What the example's addresses are to be, and the line of its token file. */
export interface Surroundings {
  readonly latchkeyUrl: string;
  readonly applicationUrl: string;
  readonly token: string;
}

/** nginx, run with the example as it is documented, but for its addresses and paths. */
export interface Gateway {
  readonly url: string;
  readonly port: number;
  /** Everything in the error log. */
  readonly complaints: () => string;
}

/** Starts it in an empty folder; `endGateways` ends it. */
export async function startGateway({ latchkeyUrl, applicationUrl, token }: Surroundings): Promise<Gateway> {
  return startNginx((folder, port) => {
    const tokenFile = join(folder, 'latchkey-token.conf');
    writeFileSync(tokenFile, `proxy_set_header X-Latchkey-Token ${token};\n`, { mode: 0o600 });
    return replaceEach(readFileSync(EXAMPLE, 'utf8'), [
      ['server 127.0.0.1:3001 ', `server ${new URL(latchkeyUrl).host} `],
      ['server 127.0.0.1:8080;', `server ${new URL(applicationUrl).host};`],
      ['        listen 80;', `        listen 127.0.0.1:${port};`],
      ['include /etc/nginx/latchkey-token.conf;', `include ${tokenFile};`],
      ['pid /run/nginx.pid;', `pid ${join(folder, 'nginx.pid')};`],
      ['error_log /var/log/nginx/error.log;', `error_log ${join(folder, 'error.log')};`],
      ['access_log /var/log/nginx/access.log ', `access_log ${join(folder, 'access.log')} `],
      ['\nhttp {', `\nhttp {\n    ${temporaryPaths(folder)}`],
    ]);
  });
}

/**
 * Starts nginx with the given lines as the only `server` besides its port; `endGateways` ends it.
 */
export async function startServer(lines: string): Promise<Gateway> {
  return startNginx(
    (folder, port) => `user www-data;
pid ${join(folder, 'nginx.pid')};
error_log ${join(folder, 'error.log')};
events {}
http {
    ${temporaryPaths(folder)}
    access_log off;
    server {
        listen 127.0.0.1:${port};
${lines}
    }
}
`,
  );
}

async function startNginx(configure: (folder: string, port: number) => string): Promise<Gateway> {
  // With its workers' rights it must get into its folder too.
  const folder = makeFolder();
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'temp'));
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, configure(folder, port));
  const child = spawn(PATH, ['-p', folder, '-c', file, '-e', join(folder, 'error.log'), '-g', 'daemon off;'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  running.add(child);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.once('exit', () => running.delete(child));
  const url = `http://127.0.0.1:${port}`;
  await eventually('nginx answers', () => answers(url, child, () => said));
  return { url, port, complaints: () => `${said}${readFileSync(join(folder, 'error.log'), 'utf8')}` };
}

function temporaryPaths(folder: string): string {
  return FOLDERS.map((name) => `${name}_temp_path ${join(folder, 'temp', name)};`).join(' ');
}

/**
 * For `afterAll`, before `endProcesses`, which removes the folders. The main process of each nginx
 * ends its workers.
 */
export async function endGateways(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }),
  );
}

async function answers(url: string, child: ChildProcess, said: () => string): Promise<boolean> {
  if (child.exitCode !== null) {
    throw new Error(`nginx has ended\n${said()}`);
  }
  return fetch(url).then(
    () => true,
    () => false,
  );
}

/** Each must be there exactly once: where the example has changed, this must too. */
function replaceEach(text: string, replacements: readonly (readonly [from: string, to: string])[]): string {
  return replacements.reduce((done, [from, to]) => {
    const parts = done.split(from);
    if (parts.length !== 2) {
      throw new Error(`${EXAMPLE} has ${parts.length - 1} times: ${from}`);
    }
    return parts.join(to);
  }, text);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
