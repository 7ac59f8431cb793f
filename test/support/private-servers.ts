import { chmodSync, mkdirSync, mkdtempSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What we use of the private server of the scripts. */
export interface PrivateDatabase {
  url(user: string): string;
  join(stop: AbortSignal): Promise<void>;
  leave(): Promise<void>;
  destroy(): Promise<void>;
}

type PrivateDatabaseClass = new (
  folder: string,
  traits: { readonly variable: string; readonly setUp?: readonly string[]; readonly options: readonly string[] },
) => PrivateDatabase;

/** A private server in a new folder, not yet started. */
export async function makePrivateDatabase(
  options: readonly string[],
  setUp: readonly string[] = [],
): Promise<{ readonly database: PrivateDatabase; readonly folder: string }> {
  const folder = makeServerFolder();
  const path = resolve('scripts/private-server/private-database.mjs');
  const module = (await import(pathToFileURL(path).href)) as { readonly PrivateDatabase: PrivateDatabaseClass };
  const traits = { variable: 'TEST_DATABASE_URL', setUp, options };
  return { database: new module.PrivateDatabase(join(folder, 'database'), traits), folder };
}

/** Where `npm test` looks for servers that are left when it is interrupted. */
function makeServerFolder(): string {
  const all = process.env.TEST_SERVERS ?? '/tmp';
  mkdirSync(all, { recursive: true });
  const folder = mkdtempSync(join(all, 'latchkey-'));
  // The server runs as a user without rights, who must be able to get there.
  chmodSync(folder, 0o755);
  return folder;
}

const write = process.stdout.write.bind(process.stdout);
let quiet = 0;

/** The scripts print their progress on stdout. Silences it while `work` runs. */
export async function quietly<T>(work: () => Promise<T>): Promise<T> {
  quiet++;
  process.stdout.write = () => true;
  try {
    return await work();
  } finally {
    quiet--;
    if (quiet === 0) {
      process.stdout.write = write;
    }
  }
}
