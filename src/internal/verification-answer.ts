import { scopesIn, type Scope } from '../common/access/scope.js';
import type { MysqlDateTime } from '../common/mysql-datetime.js';
import type { ApiKeyId, OrganizationId } from '../common/prefixed-id.js';
import type { Verdict } from '../decision/verdict.js';
import type { VerifiedKey } from '../verification/stored-secret.js';
import type { CallNote } from './call.js';

/** A key, as a service may see it whose caller has shown the secret. */
interface VerifiedApiKey {
  readonly id: ApiKeyId;
  readonly organization_id: OrganizationId;
  readonly label: string;
  readonly scopes: readonly Scope[];
  readonly expires_at: MysqlDateTime | null;
}

/** The `data` of `/verify`. */
export interface VerificationAnswer {
  readonly valid: boolean;
  readonly code: Verdict['code'];
  /** Null unless the secret is that of a key. */
  readonly api_key: VerifiedApiKey | null;
  /** With INSUFFICIENT_SCOPES alone. */
  readonly missing_scopes?: readonly Scope[];
}

export function verificationAnswerFrom(verdict: Verdict<VerifiedKey>): VerificationAnswer {
  const valid = verdict.code === 'VALID';
  if (!('key' in verdict)) {
    return { valid, code: verdict.code, api_key: null };
  }
  const { id, organizationId, label, scopes, expiresAt } = verdict.key.record;
  const shown = { id, organization_id: organizationId, label, scopes, expires_at: expiresAt };
  return verdict.code === 'INSUFFICIENT_SCOPES'
    ? { valid, code: verdict.code, api_key: shown, missing_scopes: scopesIn(verdict.missing) }
    : { valid, code: verdict.code, api_key: shown };
}

/** What the log says of a verdict. */
export function noteOf(verdict: Verdict<VerifiedKey>): CallNote {
  return 'key' in verdict
    ? { verdict: verdict.code, key_id: verdict.key.keyId, organization_id: verdict.key.organizationId }
    : { verdict: verdict.code };
}
