import type { ApiEnvironment } from '../common/api-environment.js';
import type { DatabaseConfig, InternalToken, Pepper } from './config.js';
import { explainWeakness } from './secret-strength.js';

/** The secrets of a configuration, as far as each could be parsed. */
interface Secrets {
  readonly pepper: Pepper | undefined;
  readonly retiredPeppers: readonly Pepper[];
  readonly internalTokens: readonly InternalToken[];
  readonly database: DatabaseConfig | undefined;
}

/**
 * Checks secrets that are well-formed: none may guard two things, and in production each must be
 * random. A retired pepper may be weak, because retiring is the way to replace it.
 */
export function problemsOfSecrets(secrets: Secrets, env: ApiEnvironment): string[] {
  return [...problemsOfReuse(secrets), ...(env === 'production' ? problemsOfStrength(secrets) : [])];
}

function problemsOfReuse({ pepper, retiredPeppers, internalTokens, database }: Secrets): string[] {
  const problems: string[] = [];
  const isTaken = (secret: Buffer) => internalTokens.some(({ token }) => token.equals(secret));
  const password = Buffer.from(database?.password ?? '');
  if (pepper !== undefined && retiredPeppers.some((retired) => retired.equals(pepper))) {
    problems.push('SECRET_PEPPER must not be in SECRET_PEPPER_RETIRED too: remove it there');
  }
  if ([...(pepper === undefined ? [] : [pepper]), ...retiredPeppers].some(isTaken)) {
    problems.push(
      'INTERNAL_TOKENS must not contain a pepper, because services that have a token would have it, too: create another token with openssl rand -hex 32',
    );
  }
  if (pepper?.equals(password) === true) {
    problems.push(
      'SECRET_PEPPER must not be the password in DATABASE_URL, because it must protect the keys from anyone who has that password: create another with openssl rand -base64 32',
    );
  }
  if (isTaken(password)) {
    problems.push(
      'INTERNAL_TOKENS must not contain the password in DATABASE_URL: create another token with openssl rand -hex 32',
    );
  }
  return problems;
}

function problemsOfStrength({ pepper, internalTokens }: Secrets): string[] {
  const weakness = pepper === undefined ? undefined : explainWeakness(pepper);
  const weakTokens = internalTokens.flatMap(({ name, token }) => {
    const reason = explainWeakness(token);
    return reason === undefined ? [] : [`a token of ${name} ${reason}`];
  });
  return [
    ...(weakness === undefined
      ? []
      : [
          `SECRET_PEPPER must be random in production, but it ${weakness}: make one with openssl rand -base64 32, and where keys exist keep the old one in SECRET_PEPPER_RETIRED until they have moved`,
        ]),
    ...(weakTokens.length === 0
      ? []
      : [
          `INTERNAL_TOKENS must be random in production, but ${weakTokens.join(', ')}: make each with openssl rand -hex 32`,
        ]),
  ];
}
