/**
 * A setting that a server's manual allows, as SQL for its administrator, and the SQL that takes it
 * back.
 */
export interface BadSetting {
  readonly title: string;
  readonly apply: readonly string[];
  readonly restore: readonly string[];
}

const set = (assignment: string, title = assignment): BadSetting => ({
  title,
  apply: [`SET GLOBAL ${assignment}`],
  restore: [`SET GLOBAL ${assignment.replace(/=[^=]*$/, '= DEFAULT')}`],
});

/** Of MySQL alone or of MariaDB alone. The other server gets a setting without effect. */
const either = (mysql: string, mariadb: string, title: string): BadSetting => {
  const both = (left: string, right: string) => `SET GLOBAL /*!80000 ${left} */ /*M!101100 ${right} */`;
  const toDefault = (assignment: string) => assignment.replace(/=[^=]*$/, '= DEFAULT');
  return { title, apply: [both(mysql, mariadb)], restore: [both(toDefault(mysql), toDefault(mariadb))] };
};

const onConnect = (sql: string): BadSetting => ({
  title: `init_connect = ${sql}`,
  apply: [`SET GLOBAL init_connect = "${sql}"`],
  restore: ["SET GLOBAL init_connect = ''"],
});

const transaction = (characteristic: string, usual: string): BadSetting => ({
  title: `transactions: ${characteristic}`,
  apply: [`SET GLOBAL TRANSACTION ${characteristic}`],
  restore: [`SET GLOBAL TRANSACTION ${usual}`],
});

/** Settings that every new session begins with. */
export const GLOBAL_SETTINGS: readonly BadSetting[] = [
  set('autocommit = 0'),
  set("sql_mode = ''"),
  set("sql_mode = 'ANSI_QUOTES'"),
  set("sql_mode = 'NO_BACKSLASH_ESCAPES'"),
  set("sql_mode = 'ANSI,PIPES_AS_CONCAT,HIGH_NOT_PRECEDENCE,NO_UNSIGNED_SUBTRACTION,PAD_CHAR_TO_FULL_LENGTH'"),
  set("sql_mode = 'NO_AUTO_VALUE_ON_ZERO,NO_BACKSLASH_ESCAPES,ANSI_QUOTES,TRADITIONAL'"),
  either("sql_mode = 'ANSI'", "sql_mode = 'ORACLE,EMPTY_STRING_IS_NULL,SIMULTANEOUS_ASSIGNMENT'", 'sql_mode = ORACLE'),
  set("time_zone = '+13:00'"),
  transaction('ISOLATION LEVEL SERIALIZABLE', 'ISOLATION LEVEL REPEATABLE READ'),
  transaction('ISOLATION LEVEL READ UNCOMMITTED', 'ISOLATION LEVEL REPEATABLE READ'),
  transaction('READ ONLY', 'READ WRITE'),
  set('sql_select_limit = 0'),
  set('sql_select_limit = 1'),
  set("completion_type = 'CHAIN'"),
  set("completion_type = 'RELEASE'"),
  set('sql_safe_updates = 1'),
  { ...set('max_join_size = 1'), apply: ['SET GLOBAL max_join_size = 1, GLOBAL sql_big_selects = 0'] },
  set('sql_auto_is_null = 1'),
  set('max_sort_length = 8'),
  set('group_concat_max_len = 4'),
  set('div_precision_increment = 0'),
  set('auto_increment_increment = 7'),
  set('low_priority_updates = 1'),
  set('sql_notes = 0'),
  set('sql_warnings = 1'),
  set('unique_checks = 0'),
  set('foreign_key_checks = 0'),
  set('character_set_filesystem = latin1'),
  set('innodb_lock_wait_timeout = 1'),
  set('lock_wait_timeout = 1'),
  set('wait_timeout = 1'),
  set('net_read_timeout = 1'),
  set('net_write_timeout = 1'),
  set('default_storage_engine = MyISAM'),
  set('lc_time_names = de_DE'),
  set("lc_messages = 'ja_JP'"),
  either('max_execution_time = 1', 'max_statement_time = 0.001', 'a time limit of 1 ms for each statement'),
  either('sql_require_primary_key = 1', 'sql_if_exists = 1', 'sql_require_primary_key = 1, sql_if_exists = 1'),
  either(
    'windowing_use_high_precision = 0',
    "old_mode = 'NO_DUP_KEY_WARNINGS_WITH_IGNORE,NO_PROGRESS_INFO,ZERO_DATE_TIME_CAST'",
    'old_mode',
  ),
  either('range_optimizer_max_mem_size = 1', 'in_predicate_conversion_threshold = 2', 'an optimizer short of memory'),
];

/** Statements that the server runs on each new connection of an ordinary account. */
export const INIT_CONNECTS: readonly BadSetting[] = [
  onConnect('SET NAMES gbk'),
  onConnect('SET NAMES latin1'),
  onConnect('SET character_set_results = ucs2'),
  onConnect('SET collation_connection = utf32_general_ci'),
  onConnect('SET autocommit = 0'),
  onConnect('START TRANSACTION'),
  onConnect('SET SESSION TRANSACTION READ ONLY'),
  onConnect('SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE'),
  onConnect("SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'"),
  onConnect('SET sql_select_limit = 1, sql_auto_is_null = 1, sql_safe_updates = 1'),
  onConnect("SET completion_type = 'CHAIN', time_zone = '-11:00'"),
  onConnect('SET timestamp = 86400'),
];

/** Character sets that a server can force on all clients. */
export const CHARACTER_SETS = ['gbk', 'latin1', 'sjis', 'big5', 'cp932', 'ascii', 'koi8r'] as const;
