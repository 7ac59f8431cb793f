import { Controller, Delete, Get, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { WithoutAdmission } from '../admission/without-admission.js';
import type { Caller, KeyCaller } from '../common/access/caller.js';
import { CurrentCaller } from '../common/access/current-caller.js';
import { CurrentKey } from '../common/access/current-key.js';
import { JsonBody } from '../contract/json-body.decorator.js';
import { RequireScopes } from '../contract/require-scopes.decorator.js';
import { ApiResult } from '../contract/api-result.decorator.js';
import { docs } from './api-keys.docs.js';
import { ApiKeysQueries } from './api-keys.queries.js';
import { ApiKeysService } from './api-keys.service.js';
import { ApiKeyIdParams } from './dto/api-key-id.params.js';
import { ApiKeyWithMetricsResponse } from './dto/api-key-with-metrics.response.js';
import { ApiKeyResponse } from './dto/api-key.response.js';
import { CreateApiKeyRequest } from './dto/create-api-key.request.js';
import { CreatedApiKeyResponse } from './dto/created-api-key.response.js';
import { DeletedApiKeyResponse } from './dto/deleted-api-key.response.js';
import { ListApiKeysQuery } from './dto/list-api-keys.query.js';
import { UpdateApiKeyRequest } from './dto/update-api-key.request.js';

@ApiTags('API keys')
@Controller('developers/api_keys')
export class ApiKeysController {
  constructor(
    private readonly apiKeys: ApiKeysService,
    private readonly queries: ApiKeysQueries,
  ) {}

  @Post()
  @RequireScopes('api_keys.create')
  @ApiResult(CreatedApiKeyResponse, 'Resource created successfully', docs.create)
  create(@CurrentCaller() caller: Caller, @JsonBody() body: CreateApiKeyRequest) {
    return this.apiKeys.create(caller, body);
  }

  @Get()
  @RequireScopes('api_keys.read')
  @ApiResult([ApiKeyResponse], 'API keys listed', docs.list)
  list(@CurrentCaller() caller: Caller, @Query() query: ListApiKeysQuery) {
    return this.queries.list(caller, query);
  }

  @Get('current')
  @WithoutAdmission()
  @RequireScopes()
  @ApiResult(ApiKeyResponse, 'API key found', docs.current)
  current(@CurrentKey() { record }: KeyCaller) {
    return ApiKeyResponse.from(record, record.masked);
  }

  @Get(':id')
  @RequireScopes('api_keys.read')
  @ApiResult(ApiKeyWithMetricsResponse, 'API key found', docs.get)
  get(@CurrentCaller() caller: Caller, @Param() { id }: ApiKeyIdParams) {
    return this.queries.get(caller, id);
  }

  @Put(':id')
  @RequireScopes('api_keys.update')
  @ApiResult(ApiKeyWithMetricsResponse, 'API key updated', docs.update)
  update(@CurrentCaller() caller: Caller, @Param() { id }: ApiKeyIdParams, @JsonBody() body: UpdateApiKeyRequest) {
    return this.apiKeys.update(caller, id, body);
  }

  @Delete(':id')
  @RequireScopes('api_keys.delete')
  @ApiResult(DeletedApiKeyResponse, 'API key deleted', docs.delete)
  delete(@CurrentCaller() caller: Caller, @Param() { id }: ApiKeyIdParams) {
    return this.apiKeys.delete(caller, id);
  }
}
