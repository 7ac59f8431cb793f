/* What the benchmark uses of its peers, which are installed only when it runs. */

declare module 'better-auth' {
  export interface Auth {
    readonly options: object;
    readonly api: {
      signUpEmail(request: { body: object }): Promise<{ user: { id: string } }>;
      createApiKey(request: { body: { userId: string } }): Promise<{ id: string; key: string }>;
      verifyApiKey(request: { body: { key: string } }): Promise<{ valid: boolean; error: unknown; key: unknown }>;
    };
  }

  export function betterAuth(options: object): Auth;
}

declare module 'better-auth/db/migration' {
  export function getMigrations(options: object): Promise<{ runMigrations(): Promise<void> }>;
}

declare module '@better-auth/api-key' {
  export function apiKey(options: object): object;
  export function defaultKeyHasher(key: string): Promise<string>;
}
