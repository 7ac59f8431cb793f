import { readFileSync } from 'node:fs';

/** As much of OpenAPI 3.1 as our document uses. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface Operation {
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: JsonContent };
  readonly responses: Readonly<Record<string, DocumentedResponse>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly schema: Schema;
}

export interface DocumentedResponse {
  readonly headers?: Readonly<Record<string, { readonly example?: string }>>;
  readonly content: JsonContent;
}

interface JsonContent {
  readonly 'application/json': {
    readonly schema: Schema;
    readonly example?: unknown;
    readonly examples?: Readonly<Record<string, { readonly value: FailureExample }>>;
  };
}

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly example?: unknown;
}

export interface FailureExample {
  readonly status: number;
  readonly error: string;
  readonly validator: Readonly<Record<string, string>> | null;
}

/** One operation, with where it is. */
export interface DocumentedOperation extends Operation {
  readonly method: string;
  readonly path: string;
}

export const API_DOCUMENT = JSON.parse(readFileSync('openapi.json', 'utf8')) as ApiDocument;

export const OPERATIONS: readonly DocumentedOperation[] = Object.entries(API_DOCUMENT.paths).flatMap(
  ([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
);

export function findOperation(operationId: string): DocumentedOperation {
  const found = OPERATIONS.find((operation) => operation.operationId === operationId);
  if (found === undefined) {
    throw new Error(`the document has no operation ${operationId}`);
  }
  return found;
}

/** The example of a schema that a reader composes from the examples of its properties. */
export function exampleOf(schema: Schema): unknown {
  if (schema.example !== undefined) {
    return schema.example;
  }
  if (schema.$ref !== undefined) {
    return exampleOf(API_DOCUMENT.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});
  }
  if (schema.items !== undefined) {
    return [exampleOf(schema.items)];
  }
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, property]) => [name, exampleOf(property)]),
  );
}
