import {
  ConflictException,
  Controller,
  Delete,
  Get,
  HttpException,
  Injectable,
  Param,
  Patch,
  Post,
  Put,
  Query,
  Req,
  Res,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { IsArray, IsIn, IsOptional, IsString, Length, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  AddressNotAllowedError,
  CredentialsMissingError,
  InsufficientScopeError,
  InvalidCredentialsError,
} from '../../src/common/access/access-errors.js';
import { requestContext } from '../../src/common/request-context.js';
import type { KeyRecord } from '../../src/common/access/caller.js';
import { JsonBody } from '../../src/contract/json-body.decorator.js';
import { ApiResult } from '../../src/contract/api-result.decorator.js';
import { DomainError } from '../../src/common/domain-error.js';
import type { MysqlDateTime } from '../../src/common/mysql-datetime.js';
import { Page } from '../../src/contract/page.js';
import { SkipEnvelope } from '../../src/contract/skip-envelope.decorator.js';
import { UnavailableError } from '../../src/common/unavailable-error.js';

export const SECRET = `sk_live_${'0123456789'.repeat(6)}A`;
export const CALLER = {
  keyId: 'api_key_0197c0f1-9589-7990-b421-4b806f637b0c',
  organizationId: 'org_0197c0f1-9589-7990-b421-4b806f637b0d',
} as const;
const RECORD: KeyRecord = {
  id: CALLER.keyId,
  organizationId: CALLER.organizationId,
  label: 'A caller',
  description: null,
  masked: 'sk_live_012345678901...7890A',
  scopes: [],
  ipAllowList: [],
  expiresAt: null,
  createdAt: '2026-01-01 00:00:00' as MysqlDateTime,
  updatedAt: null,
};

class Thing {
  static readonly example = { name: 'a thing' };
  name!: string;
}

class Part {
  @IsString({ message: 'must be a string' })
  size!: string;
}

class ThingRequest {
  @Length(1, 5, { message: 'must have 1 to 5 characters' })
  @IsString({ message: 'must be a string' })
  name!: string;

  @IsOptional()
  @IsArray()
  @IsIn(['a', 'b'], { each: true, message: 'must be a or b' })
  scopes?: string[];

  @IsOptional()
  @ValidateNested()
  @Type(() => Part)
  parts?: Part[];
}

class ThingQuery {
  @IsOptional()
  @IsIn(['red', 'blue'], { message: 'must be red or blue' })
  colour?: string;

  @IsOptional()
  @IsString()
  limit?: string;

  @IsOptional()
  @IsString()
  after?: string;
}

class ThingParams {
  @Length(1, 5, { message: 'must have 1 to 5 characters' })
  id!: string;
}

class TakenError extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'TAKEN';
}

class GoneError extends DomainError {
  readonly kind = 'not_found';
  readonly code = 'GONE';
}

const THROWN: Readonly<Record<string, () => unknown>> = {
  missing: () => new CredentialsMissingError(),
  invalid: () => new InvalidCredentialsError('The key "sk" has a \\ and an é in it.\r\nX: y', { detail: 'EXPIRED' }),
  scope: () => new InsufficientScopeError(['invoices.read', 'invoices.update']),
  address: () => new AddressNotAllowedError('IP_NOT_ALLOWED'),
  taken: () => new TakenError('That is taken.'),
  gone: () => new GoneError('There is no such thing.'),
  unavailable: () =>
    new UnavailableError(
      { detail: 'pool exhausted', cause: Object.assign(new Error('ECONNREFUSED'), { sql: 'hidden' }) },
      7,
    ),
  crash: () =>
    Object.assign(new Error(`inside-knowledge ${SECRET}`, { cause: new Error('root-of-it') }), {
      parameters: ['hidden'],
    }),
  nothing: () => undefined,
  text: () => 'inside-knowledge',
  nest: () => new ConflictException('That is taken.'),
  quota: () => Object.assign(new HttpException('Slow down.', 429), { retryAfterSeconds: 30 }),
  gateway: () => new HttpException('inside-knowledge', 502),
};

@Controller('things')
export class EdgeController {
  readonly calls: string[] = [];

  @Get()
  @ApiResult([Thing], 'Things listed')
  list(@Query() query: ThingQuery) {
    return new Page([{ name: query.colour ?? 'any' }], query.after === 'last' ? null : 'next one');
  }

  @Get('slow')
  @ApiResult(Thing, 'Thing found')
  async slow() {
    await new Promise((resolve) => setTimeout(resolve, 150));
    return { name: 'slow' };
  }

  @Get('half')
  @ApiResult(Thing, 'Thing found')
  half(@Res() response: ServerResponse) {
    response.write('{"half":');
    throw new Error('inside-knowledge');
  }

  @Get('bare')
  bare() {
    return { name: 'no @ApiResult' };
  }

  @Get('identity')
  @ApiResult(Thing, 'Identity found')
  identity(@Req() request: IncomingMessage) {
    return { name: requestContext(request).requestId };
  }

  @Get('throws/:what')
  @ApiResult(Thing, 'Never')
  fail(@Param('what') what: string): never {
    // Anything can be thrown, and some of it is no Error.
    throw THROWN[what]?.();
  }

  @Get(':id')
  @ApiResult(Thing, 'Thing found')
  get(@Param() { id }: ThingParams) {
    return { name: id };
  }

  @Post()
  @ApiResult(Thing, 'Thing created', { status: 202 })
  create(@JsonBody() body: ThingRequest) {
    this.calls.push('create');
    return body;
  }

  @Post('poke')
  @ApiResult(Thing, 'Thing poked')
  poke() {
    return { name: 'poked' };
  }

  @Put(':id')
  @ApiResult(Thing, 'Thing updated')
  replace(@Param() { id }: ThingParams, @JsonBody() body: ThingRequest) {
    return { id, name: body.name };
  }

  @Patch(':id')
  @ApiResult(Thing, 'Thing updated')
  change(@JsonBody() body: ThingRequest) {
    return body;
  }

  @Delete(':id')
  @ApiResult(Thing, 'Thing deleted')
  delete(@Param() { id }: ThingParams) {
    return { name: id };
  }
}

@SkipEnvelope()
@Controller('health')
export class HealthController {
  @Get('live')
  live() {
    return { status: 'ok' };
  }
}

/** Lets a request without credentials in as a key, and rejects one with `X-Refuse`. */
@Injectable()
export class TestGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    if (request.headers['x-refuse'] === 'false') {
      return false;
    }
    if (request.headers['x-refuse'] !== undefined) {
      throw new CredentialsMissingError();
    }
    if (request.url !== '/health/live') {
      const edge = requestContext(request);
      edge.caller = { kind: 'key', ...CALLER, address: null, requestId: edge.requestId, record: RECORD };
    }
    return true;
  }
}
