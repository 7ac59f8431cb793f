import type { MysqlProxy } from '../support/mysql-proxy.js';
import type { StatementAction } from '../support/mysql-proxy-rules.js';

/** What the product sends a statement for: to poll the change log, to fill the cache, or else. */
export type Purpose = 'poll' | 'fill' | 'other';

/** Makes the proxy treat statements by their purpose. */
export function setRule(proxy: MysqlProxy, rule: (purpose: Purpose) => StatementAction): void {
  proxy.rule = (statements) => rule(purposeOf(statements.at(-1) ?? ''));
}

/** Counts from now on how many statements of each purpose have got a response through the proxy. */
export function countAnswers(proxy: MysqlProxy): Readonly<Record<Purpose, number>> {
  const counts = { poll: 0, fill: 0, other: 0 };
  proxy.onAnswer = (sql) => {
    counts[purposeOf(sql)]++;
  };
  return counts;
}

function purposeOf(sql: string): Purpose {
  if (sql.includes('feed.epoch')) {
    return 'poll';
  }
  return sql.includes('JOIN api_keys k ON k.id = s.key_id') && sql.includes('s.id IN') ? 'fill' : 'other';
}
