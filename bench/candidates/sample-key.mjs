/** A key as the answers show it, of the size of those that the benchmark makes. */
export const SAMPLE_KEY = {
  id: 'api_key_0197c0f1-9589-7990-b421-4b806f637b0c',
  organization_id: 'org_0197c0f1-9589-7990-b421-4b806f637b0d',
  label: 'Key 123456',
  description: null,
  secret: 'sk_live_0345nDOnqkyN...GdwdA',
  scopes: ['api_keys.create', 'api_keys.read', 'products.read'],
  ip_allow_list: ['127.0.0.0/8', '10.0.0.0/8'],
  expires_at: null,
  created_at: '2026-01-01 00:00:00',
  updated_at: null,
};
