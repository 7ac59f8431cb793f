import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import { API_DOCUMENT, type DocumentedResponse } from './api-document.js';

const MYSQL_DATE_TIME = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;

const ajv = new Ajv2020({ allErrors: true, formats: { 'mysql-date-time': MYSQL_DATE_TIME }, strictTypes: false });
ajv.addVocabulary(['example', 'components']);

/** Why a value does not match the documented response. Fields beyond the documented ones count. */
export function problemsWith(value: unknown, { content }: DocumentedResponse): string[] {
  const { components } = API_DOCUMENT;
  const schema = closed({ ...content['application/json'].schema, components }) as AnySchemaObject;
  const validate = ajv.compile(schema);
  return validate(value)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message = '' }) => `${instancePath} ${message}`);
}

/**
 * The document allows more fields in responses, so that one may be added later. Today it must name
 * every one.
 */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) {
    return schema.map(closed);
  }
  if (typeof schema !== 'object' || schema === null) {
    return schema;
  }
  const within = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const isObject = 'type' in within && within.type === 'object' && 'properties' in within;
  return isObject ? { additionalProperties: false, ...within } : within;
}
