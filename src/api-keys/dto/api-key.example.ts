import type { MysqlDateTime } from '../../common/mysql-datetime.js';

/**
 * The key of every example in the API document. Its secret has the form of one, and was never
 * issued.
 */
export const EXAMPLE_SECRET = 'sk_live_030LKADJL8brw2LrrWLGq300lBcKUCcfcQwiP5o8gk3nAfLmS9Zf5fb0y00n0';

export const EXAMPLE_KEY = {
  id: 'api_key_0197c0f1-9589-7990-b421-4b806f637b0c',
  organization_id: 'org_0197c0f1-9589-7990-b421-4b806f637b0c',
  label: 'My API Key',
  description: 'Key for accessing product APIs',
  secret: 'sk_live_030LKADJL8br...y00n0',
  scopes: ['products.create'],
  ip_allow_list: ['127.0.0.1'],
  expires_at: '2099-12-31 23:59:59' as MysqlDateTime,
  created_at: '2025-06-30 15:05:47' as MysqlDateTime,
  updated_at: null,
} as const;

export const EXAMPLE_METRICS = {
  api_key_id: EXAMPLE_KEY.id,
  total_requests: 150,
  last_used_at: '2025-06-30 16:03:44' as MysqlDateTime,
} as const;
