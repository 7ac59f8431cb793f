import { asciiJson, type AsciiJson } from '../common/ascii-json.js';
import type { Scope } from '../common/access/scope.js';
import type { MysqlDateTime } from '../common/mysql-datetime.js';
import type { ApiKeyId, OrganizationId } from '../common/prefixed-id.js';
import type { Verdict } from '../decision/verdict.js';
import type { VerifiedKey } from '../verification/cache/cached-secret.js';

/** A key, as a service sees it whose caller has presented the secret. */
interface VerifiedApiKey {
  readonly id: ApiKeyId;
  readonly organization_id: OrganizationId;
  readonly label: string;
  readonly scopes: readonly Scope[];
  readonly expires_at: MysqlDateTime | null;
}

/** The `data` of `/verify`. */
export interface VerificationResponse {
  readonly valid: boolean;
  readonly code: Verdict['code'];
  /** Null unless the secret belongs to a key. */
  readonly api_key: VerifiedApiKey | null;
  /** Only with INSUFFICIENT_SCOPES. */
  readonly missing_scopes?: readonly Scope[];
}

/**
 * A `VerificationResponse` as JSON. The largest part, the key, is serialized once per cache entry.
 */
export function verificationJson(verdict: Verdict<VerifiedKey>): AsciiJson {
  const { code } = verdict;
  const apiKey = 'key' in verdict ? apiKeyText(verdict.key) : 'null';
  const missing =
    verdict.code === 'INSUFFICIENT_SCOPES' ? `,"missing_scopes":${asciiJson(verdict.missing.names())}` : '';
  return `{"valid":${code === 'VALID'},"code":"${code}","api_key":${apiKey}${missing}}` as AsciiJson;
}

function apiKeyText(key: VerifiedKey): AsciiJson {
  if (key.responseJson === null) {
    const { id, organizationId, label, scopes, expiresAt } = key.record;
    const shown: VerifiedApiKey = { id, organization_id: organizationId, label, scopes, expires_at: expiresAt };
    key.responseJson = asciiJson(shown);
  }
  return key.responseJson;
}
