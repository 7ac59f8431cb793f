import { apiKey } from '@better-auth/api-key';
import { betterAuth } from 'better-auth';

/** The plugin with everything switched off that costs time and that Latchkey does not do either. */
export function authOn(pool) {
  return betterAuth({
    database: pool,
    baseURL: 'http://127.0.0.1',
    secret: 'a secret of the benchmark that guards nothing',
    emailAndPassword: { enabled: true },
    logger: { disabled: true },
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    plugins: [apiKey({ rateLimit: { enabled: false }, deferUpdates: true })],
  });
}
