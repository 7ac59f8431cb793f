import { SCOPE_CATALOGUE, SCOPES } from '../common/access/scope.js';
import { compileCachedSecret } from '../verification/cache/cached-secret.js';
import { verificationJson, type VerificationResponse } from './verification-response.js';

describe('the answer of /verify', () => {
  const { key } = compileCachedSecret(
    '0',
    {
      secret_id: Buffer.alloc(16),
      digest: null,
      pepper_version: null,
      secret_hash: null,
      masked: 'sk_live_…',
      not_after: null,
      key_id: Buffer.from('0197c0f195897990b4214b806f637b0c', 'hex'),
      organization_id: Buffer.from('0197c0f195897990b4214b806f637b0d', 'hex'),
      label: 'a "label" – with \u2028 and 😀',
      description: null,
      scopes: ['products.read'],
      ip_allow_list: [],
      expires_at: null,
      created_at: '2026-01-01 00:00:00' as never,
      updated_at: null,
      disabled_at: null,
      deleted_at: null,
      deactivated_at: null,
    },
    0,
  );
  const shown = {
    id: 'api_key_0197c0f1-9589-7990-b421-4b806f637b0c',
    organization_id: 'org_0197c0f1-9589-7990-b421-4b806f637b0d',
    label: 'a "label" – with \u2028 and 😀',
    scopes: ['products.read'],
    expires_at: null,
  };

  const answerOf = (text: string) => JSON.parse(text) as VerificationResponse;

  it('is JSON of the code and the key, the same each time', () => {
    const expected = { valid: true, code: 'VALID', api_key: shown };
    expect(answerOf(verificationJson({ code: 'VALID', key }))).toEqual(expected);
    expect(answerOf(verificationJson({ code: 'VALID', key }))).toEqual(expected);
    expect(answerOf(verificationJson({ code: 'EXPIRED', key }))).toEqual({
      ...expected,
      valid: false,
      code: 'EXPIRED',
    });
  });

  it('names the scopes that are missing, and only with INSUFFICIENT_SCOPES', () => {
    const missing = SCOPE_CATALOGUE.all.without(SCOPE_CATALOGUE.setOf(['products.read']));
    expect(answerOf(verificationJson({ code: 'INSUFFICIENT_SCOPES', key, missing }))).toEqual({
      valid: false,
      code: 'INSUFFICIENT_SCOPES',
      api_key: shown,
      missing_scopes: SCOPES.filter((scope) => scope !== 'products.read'),
    });
  });

  it('says nothing of a key that is not known', () => {
    expect(answerOf(verificationJson({ code: 'NOT_FOUND' }))).toEqual({
      valid: false,
      code: 'NOT_FOUND',
      api_key: null,
    });
  });
});
