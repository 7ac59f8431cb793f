import { parse, type ParsedUrlQuery } from 'node:querystring';
import { InvalidInputError } from '../common/domain-error.js';

/**
 * More than any valid request has. Validating an unknown parameter takes microseconds, and a URL
 * has room for thousands.
 */
export const MAX_PARAMETERS = 50;
const MAX_NAMED = 10;
const MAX_NAME_LENGTH = 100;

/** Whether a query string or a form has too many parameters, counted without parsing it. */
export function hasTooManyParameters(text: string): boolean {
  let count = 0;
  for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', at + 1)) {
    if (++count >= MAX_PARAMETERS) {
      return true;
    }
  }
  return false;
}

/**
 * The parameters of a query string, without nesting; a repeated one is an array.
 * @throws InvalidInputError that names the first few, if there are too many
 */
export function parseQuery(text: string | null): ParsedUrlQuery {
  const query = text ?? '';
  if (hasTooManyParameters(query)) {
    const names = Object.keys(parse(query, '&', '=', { maxKeys: MAX_NAMED })).map((name) =>
      name.slice(0, MAX_NAME_LENGTH),
    );
    const message = `is one of more than ${MAX_PARAMETERS} parameters; leave out those that the request does not have`;
    throw new InvalidInputError(
      `The request is invalid: its URL has more than ${MAX_PARAMETERS} parameters. See validator for the first of them.`,
      { fields: Object.fromEntries(names.map((name) => [name, message])) },
    );
  }
  return parse(query);
}
