import type { OrganizationId } from '../../src/common/prefixed-id.js';
import type { Database } from '../../src/database/database.js';
import { Migrator } from '../../src/database/migrator.js';
import { CURRENT, send } from './api-client.js';
import { openDatabase } from './open-database.js';
import { createSchema, type TestSchema } from './schema.js';
import { TestApp } from './test-app.js';

/** A migrated schema, and instances of the product on it with different peppers. */
export class PepperInstances {
  private readonly apps: TestApp[] = [];

  private constructor(
    readonly schema: TestSchema,
    readonly database: Database,
  ) {}

  static async open(): Promise<PepperInstances> {
    const schema = await createSchema();
    const database = await openDatabase(schema.url);
    await new Migrator(database).up();
    return new PepperInstances(schema, database);
  }

  /**
   * Starts an instance.
   * @param retired SECRET_PEPPER_RETIRED
   * @param more other variables
   */
  async start(pepper: string, retired = '', more: Readonly<Record<string, string>> = {}): Promise<TestApp> {
    const env = { SECRET_PEPPER: pepper, SECRET_PEPPER_RETIRED: retired, ...more };
    const app = await TestApp.start({ database: this.schema.url, env });
    this.apps.push(app);
    return app;
  }

  /** Closes the instances that were started so far. */
  async stopAll(): Promise<void> {
    await Promise.all(this.apps.splice(0).map((app) => app.close()));
  }

  async close(): Promise<void> {
    await this.stopAll();
    await this.database.close();
    await this.schema.drop();
  }
}

/** Creates a key and returns its secret. Default: in an organization of its own. */
export async function createSecret(app: TestApp, organizationId?: OrganizationId): Promise<string> {
  return (await app.createKey(organizationId ?? (await app.createOrganization()))).secret;
}

/** The status with which an instance responds to a key that reads itself. */
export async function statusOf({ url }: TestApp, secret: string): Promise<number> {
  return (await send(url, 'GET', CURRENT, { secret })).status;
}
