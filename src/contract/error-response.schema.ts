import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { type RequestIdentity, failureEnvelope } from './envelope.js';

/** The identity that the examples of the API document bear. */
export const EXAMPLE_IDENTITY: RequestIdentity = {
  requestId: 'req_0197c0f1-9589-7990-b421-4b806f637b0c',
  supportId: 'support_0197c0f1-9589-7990-b421-4b806f637b0d',
  env: 'production',
};

/** The schemas of the keys that success and failure have in common. */
export const SUPPORT_ID_SCHEMA = {
  type: 'string',
  description: 'Names this answer in our logs.',
  example: EXAMPLE_IDENTITY.supportId,
} as const;
/** The schema of `env`. */
export const ENV_SCHEMA = {
  type: 'string',
  enum: ['development', 'production'] as ['development', 'production'],
} as const;

/** The envelope of every failure, as the API document's component. */
export class ErrorEnvelope {
  @ApiProperty({ type: 'integer', description: 'The HTTP status.' })
  readonly status!: number;

  @ApiProperty({ type: 'null' })
  readonly data!: null;

  @ApiProperty({ type: 'string', description: 'One sentence: what is wrong and how to fix it.' })
  readonly error!: string;

  @ApiProperty({
    type: 'object',
    selfRequired: true,
    required: ['request_id'],
    properties: { request_id: { type: 'string' } },
  })
  readonly log!: object;

  @ApiProperty({
    oneOf: [{ type: 'null' }, { type: 'object', additionalProperties: { type: 'string' } }],
    description: 'One message for each wrong field.',
  })
  readonly validator!: object | null;

  @ApiProperty(SUPPORT_ID_SCHEMA)
  readonly support_id!: string;

  @ApiProperty({ type: 'null' })
  readonly message!: null;

  @ApiProperty(ENV_SCHEMA)
  readonly env!: string;
}

/** One failure that a route can answer, as the API document shows it. */
export interface DocumentedFailure {
  /** The sentence in `error`. */
  readonly error: string;
  readonly validator?: Readonly<Record<string, string>>;
}

/**
 * Documents one status of a route: the shared envelope, and an example for each cause of
 * it.
 */
export function ApiFailure(
  status: number,
  description: string,
  failures: Readonly<Record<string, DocumentedFailure>>,
  headers: Readonly<Record<string, string>> = {},
): MethodDecorator & ClassDecorator {
  const examples = Object.entries(failures).map(([name, { error, validator = null }]) => [
    name,
    { summary: error, value: failureEnvelope(EXAMPLE_IDENTITY, status, error, validator) },
  ]);
  return applyDecorators(
    ApiExtraModels(ErrorEnvelope),
    ApiResponse({
      status,
      description,
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, example]) => [name, { schema: { type: 'string' }, example }]),
      ),
      content: {
        'application/json': {
          schema: { $ref: getSchemaPath(ErrorEnvelope) },
          examples: Object.fromEntries(examples) as Record<string, { summary: string; value: unknown }>,
        },
      },
    }),
  );
}
