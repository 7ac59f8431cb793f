import { Controller, Delete, Get, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ApiProperty, DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { RequireScopes } from './require-scopes.decorator.js';
import { JsonBody } from './json-body.decorator.js';
import { ApiResult, findResultContract } from './api-result.decorator.js';

class Thing {
  static readonly example = { name: 'a thing' };

  @ApiProperty({ type: String })
  name!: string;
}

@Controller('things')
class ThingsController {
  @Get()
  @RequireScopes('invoices.read')
  @ApiResult([Thing], 'Things listed')
  list() {
    return [];
  }

  @Post()
  @ApiResult(Thing, 'Thing created', { status: 201, failures: { 409: 'That is taken.' }, example: { name: 'new' } })
  create(@JsonBody() body: Thing) {
    return body;
  }

  @Delete()
  @RequireScopes('invoices.update', 'payments.update')
  @ApiResult(Thing, 'Thing deleted')
  delete() {
    return null;
  }
}

@Module({ controllers: [ThingsController] })
class ThingsModule {}

interface Documented {
  readonly headers?: Record<string, unknown>;
  readonly content: {
    readonly 'application/json': {
      readonly schema: {
        readonly $ref?: string;
        readonly required?: string[];
        readonly properties?: Record<string, unknown>;
      };
      readonly example?: Record<string, unknown>;
      readonly examples?: Record<string, { readonly value: Record<string, unknown> }>;
    };
  };
}

const KEYS = ['status', 'data', 'error', 'log', 'validator', 'support_id', 'message', 'env'];

let document: OpenAPIObject;
beforeAll(async () => {
  const app = await NestFactory.create(ThingsModule, { logger: false });
  document = SwaggerModule.createDocument(
    app,
    new DocumentBuilder().setOpenAPIVersion('3.1.0').addBearerAuth().build(),
  );
  await app.close();
});

const answersOf = (method: 'get' | 'post' | 'delete') =>
  (document.paths['/things']?.[method]?.responses ?? {}) as unknown as Record<string, Documented>;
const json = (answer: Documented | undefined) => answer?.content['application/json'];

describe('@ApiResult', () => {
  it('documents the envelope around the class, with all eight keys required and a true example', () => {
    const { schema, example } = json(answersOf('post')['201']) ?? {};
    expect(schema?.required).toEqual(KEYS);
    expect(schema?.properties?.data).toEqual({ $ref: '#/components/schemas/Thing' });
    expect(Object.keys(example ?? {})).toEqual(KEYS);
    expect(example).toMatchObject({ status: 201, data: { name: 'new' }, message: 'Thing created', error: null });
    expect(document.components?.schemas?.Thing).toBeDefined();
  });

  it('documents a list as an array, with the Link to the next page', () => {
    const answer = answersOf('get')['200'];
    expect(json(answer)?.schema.properties?.data).toEqual({
      type: 'array',
      items: { $ref: '#/components/schemas/Thing' },
    });
    expect(json(answer)?.example?.data).toEqual([{ name: 'a thing' }]);
    expect(Object.keys(answer?.headers ?? {})).toEqual(['Link']);
  });

  it('documents the failures of every route, those of bodies where there is one, and those of the route', () => {
    expect(Object.keys(answersOf('post'))).toEqual(['201', '400', '406', '409', '413', '415', '429', '500', '503']);
    expect(Object.keys(answersOf('get'))).toEqual(['200', '400', '401', '403', '406', '429', '500', '503']);
  });

  it('shows every failure by the one shared component, with whole examples of its own status', () => {
    for (const method of ['get', 'post', 'delete'] as const) {
      for (const [status, answer] of Object.entries(answersOf(method)).filter(([code]) => Number(code) >= 400)) {
        expect(json(answer)?.schema).toEqual({ $ref: '#/components/schemas/ErrorEnvelope' });
        for (const { value } of Object.values(json(answer)?.examples ?? {})) {
          expect(Object.keys(value)).toEqual(KEYS);
          expect(value).toMatchObject({ status: Number(status), data: null, message: null });
        }
      }
    }
    expect((document.components?.schemas?.ErrorEnvelope as { required: string[] }).required).toEqual(KEYS);
  });

  it('leaves its promise on the handler, and knows whether the handler takes a body', () => {
    const handler = (name: string) => Reflect.get(ThingsController.prototype, name) as object;
    expect(findResultContract(handler('create'))).toEqual({
      status: 201,
      message: 'Thing created',
      takesBody: true,
      isList: false,
    });
    expect(findResultContract(handler('list'))).toEqual({
      status: 200,
      message: 'Things listed',
      takesBody: false,
      isList: true,
    });
    expect(findResultContract(() => null)).toBeUndefined();
  });
});

describe('@RequireScopes', () => {
  it('documents the bearer scheme, and 401 and 403 with an example of each cause', () => {
    expect(document.paths['/things']?.delete?.security).toEqual([{ bearer: [] }]);
    expect(Object.keys(json(answersOf('delete')['401'])?.examples ?? {})).toEqual(['missing', 'invalid']);
    expect(Object.keys(json(answersOf('delete')['403'])?.examples ?? {})).toEqual(['scope', 'address']);
    expect(JSON.stringify(answersOf('delete')['403']?.headers)).toContain('invoices.update payments.update');
  });
});
