import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { successEnvelope } from './envelope.js';
import {
  ApiFailure,
  type DocumentedFailure,
  ENV_SCHEMA,
  EXAMPLE_IDENTITY,
  SUPPORT_ID_SCHEMA,
} from './error-response.schema.js';
import { ERROR_MESSAGES, internalErrorMessage, invalidFieldsMessage } from './error-messages.js';
import { TooManyRequestsError } from '../common/too-many-requests-error.js';
import { UnavailableError } from '../common/unavailable-error.js';

/** A class whose instances go to the wire, with the one that the API document shows. */
export interface ResponseClass {
  new (...args: never[]): unknown;
  readonly example: unknown;
}

/**
 * Failures of one route by status: a sentence, or more of it, or null for one that it cannot have.
 */
export type RouteFailures = Readonly<Record<number, string | DocumentedFailure | null>>;

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'Malformed or invalid',
  404: 'Not found',
  406: 'Only JSON is supported',
  409: 'In conflict with the current state',
  413: 'The body is too large',
  415: 'The body is not JSON',
  429: 'Too many requests of the caller are waiting; nothing was done',
  500: 'An internal error',
  503: 'Temporarily unavailable; no decision was made',
};

const HEADERS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  429: { 'Retry-After': '1' },
  503: { 'Retry-After': '1' },
};

const LINK_HEADER = {
  description: 'The next page (RFC 8288): a query alone, relative to the URL of the request. Absent on the last page.',
  schema: { type: 'string' },
};

/** Documents the envelope around a class, or around a list of it. */
export function documentSuccess(
  response: ResponseClass | readonly [ResponseClass],
  status: number,
  message: string,
  example?: unknown,
): MethodDecorator {
  const isList = isListOf(response);
  const item = isList ? response[0] : response;
  const data = example ?? (isList ? [item.example] : item.example);
  return applyDecorators(
    ApiExtraModels(item),
    ApiResponse({
      status,
      description: message,
      ...(isList && { headers: { Link: LINK_HEADER } }),
      content: {
        'application/json': {
          schema: successSchema(getSchemaPath(item), isList, status, message),
          example: successEnvelope(EXAMPLE_IDENTITY, status, data, message),
        },
      },
    }),
  );
}

function successSchema($ref: string, isList: boolean, status: number, message: string) {
  const properties = {
    status: { type: 'integer', enum: [status] },
    data: isList ? { type: 'array', items: { $ref } } : { $ref },
    error: { type: 'null' },
    log: { oneOf: [{ type: 'null' }, { type: 'object', properties: { request_id: { type: 'string' } } }] },
    validator: { type: 'null' },
    support_id: SUPPORT_ID_SCHEMA,
    message: { type: 'string', enum: [message] },
    env: ENV_SCHEMA,
  };
  return { type: 'object', required: Object.keys(properties), properties };
}

/** Documents the failures that every route has, and those of one route, which take precedence. */
export function documentFailures(takesBody: boolean, ofRoute: RouteFailures): MethodDecorator[] {
  const failures: RouteFailures = { ...commonFailures(takesBody), ...ofRoute };
  return Object.entries(failures).flatMap(([key, failure]) => {
    if (failure === null) {
      return [];
    }
    const status = Number(key);
    const example = typeof failure === 'string' ? { error: failure } : failure;
    return ApiFailure(status, DESCRIPTIONS[status] ?? 'Failure', { failure: example }, HEADERS[status]);
  });
}

function commonFailures(takesBody: boolean): Readonly<Record<number, string | DocumentedFailure>> {
  const ofBodies: Record<number, string> = takesBody
    ? { 413: ERROR_MESSAGES.bodyTooLarge, 415: ERROR_MESSAGES.bodyNotJsonType }
    : {};
  return {
    ...ofBodies,
    400: { error: invalidFieldsMessage(1), validator: { colour: ERROR_MESSAGES.unknownField } },
    406: ERROR_MESSAGES.notAcceptable,
    500: internalErrorMessage(EXAMPLE_IDENTITY),
    429: new TooManyRequestsError().message,
    503: new UnavailableError().message,
  };
}

function isListOf(response: ResponseClass | readonly [ResponseClass]): response is readonly [ResponseClass] {
  return Array.isArray(response);
}
