// @ts-check
import { readFileSync } from 'node:fs';
import { TextDecoder } from 'node:util';

/*
 * Plain JavaScript, because the scripts read the same file before anything is installed or built.
 */

/**
 * One variable of the file.
 * @typedef {{ readonly name: string, readonly value: string, readonly line: number }} EnvFileEntry
 */

const ASSIGNMENT = /^(?:export\s+)?([A-Za-z_][\w.-]*)\s*=(.*)$/;
const QUOTED = /^(["'`])((?:(?!\1).)*)\1\s*(?:#.*)?$/;

/**
 * The file cannot be used. `problems` has one sentence for each fault; none repeats a value, which
 * may be a secret.
 */
export class EnvFileError extends Error {
  /** @param {readonly string[]} problems */
  constructor(problems) {
    super(problems.join('\n'));
    this.name = 'EnvFileError';
    this.problems = problems;
  }
}

/**
 * Reads a file of `NAME=value` lines. A line that has another form is an error, because a variable
 * that is lost in silence may be the one that protects the service.
 *
 * @param {string} path
 * @param {string} [shownPath] how the problems name the file
 * @returns {EnvFileEntry[]} none if the file does not exist
 * @throws {EnvFileError} with all that is wrong
 */
export function readEnvFile(path, shownPath = path) {
  const bytes = readIfPresent(path, shownPath);
  if (bytes === null) return [];
  /** @type {EnvFileEntry[]} */
  const entries = [];
  /** @type {string[]} */
  const problems = [];
  for (const [index, text] of linesOf(bytes, shownPath).entries()) {
    const line = index + 1;
    try {
      const entry = parseLine(text.trim());
      if (entry === null) continue;
      const first = entries.find(({ name }) => name === entry.name);
      if (first !== undefined) throw new Error(`sets ${entry.name}, which line ${first.line} sets already; remove one`);
      entries.push({ ...entry, line });
    } catch (error) {
      problems.push(`${shownPath}, line ${line} ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (problems.length > 0) throw new EnvFileError(problems);
  return entries;
}

/**
 * Adds the variables to an environment. The environment takes precedence, even with an empty value.
 *
 * @param {readonly EnvFileEntry[]} entries
 * @param {Record<string, string | undefined>} env
 */
export function addToEnvironment(entries, env) {
  for (const { name, value } of entries) env[name] ??= value;
}

/**
 * @param {string} path
 * @param {string} shownPath
 */
function readIfPresent(path, shownPath) {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = /** @type {{ code?: string }} */ (error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new EnvFileError([`${shownPath} cannot be read (${code}); make it a file that this user may read`]);
  }
}

/**
 * @param {Buffer} bytes
 * @param {string} shownPath
 */
function linesOf(bytes, shownPath) {
  const isUtf16 = bytes.length >= 2 && [0xfeff, 0xfffe].includes(bytes.readUInt16BE());
  if (isUtf16) throw new EnvFileError([`${shownPath} is UTF-16; save it as UTF-8`]);
  try {
    // Drops a byte order mark.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).split(/\r\n|\n|\r/);
  } catch {
    throw new EnvFileError([`${shownPath} is not UTF-8; save it as UTF-8`]);
  }
}

/**
 * @param {string} text without white space around it
 * @returns {{ name: string, value: string } | null} null for a line without a variable
 * @throws {Error} whose message continues "line 3"
 */
function parseLine(text) {
  if (text.includes('\0')) throw new Error('has a NUL byte; save the file as UTF-8 text');
  if (text === '' || text.startsWith('#')) return null;
  const [, name, rest] = ASSIGNMENT.exec(text) ?? [];
  if (name === undefined || rest === undefined) throw new Error('must be NAME=value, or begin with # as a comment');
  return { name, value: parseValue(rest) };
}

/**
 * Parses a value like `util.parseEnv`, but rejects what that silently cuts off or continues on the
 * next line. (`util.parseEnv` cannot be used for the rest: Node 22.5 takes the comment after an
 * empty value for the value.)
 *
 * @param {string} rest what follows the equals sign
 */
function parseValue(rest) {
  const given = rest.trim();
  if (/^[“”„‘’]/.test(given)) throw new Error('has typographic quotes; use straight ones: "value"');
  if (/^["'`]/.test(given)) return parseQuoted(given);
  const hash = `=${rest}`.indexOf('#');
  if (hash === -1) return given;
  if (/\s/.test(`=${rest}`.charAt(hash - 1))) return rest.slice(0, hash - 1).trim();
  throw new Error(
    'has a # in its value: put the value in quotes ("a#b"), or a space before the # if a comment begins there',
  );
}

/** @param {string} given begins with a quote */
function parseQuoted(given) {
  const [, quote, value] = QUOTED.exec(given) ?? [];
  if (value !== undefined) return quote === '"' ? value.replaceAll('\\n', '\n') : value;
  const isClosed = given.indexOf(given.charAt(0), 1) !== -1;
  throw new Error(isClosed ? 'has text after the closing quote' : 'has a quote that is not closed on the same line');
}
