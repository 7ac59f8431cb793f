import { Injectable } from '@nestjs/common';
import type { AsciiJson } from '../common/ascii-json.js';
import { thenMaybe, type MaybePromise } from '../common/maybe-promise.js';
import { wantsNoCache } from '../http/http-headers.js';
import { readJsonObject, type JsonBodyLimits } from '../http/json-body.js';
import { Verifier } from '../verification/verifier.js';
import type { InternalEndpoint } from './internal-endpoint.js';
import type { InternalRequest, InternalResponse } from './internal-request.js';
import { envelopeFailure, envelopeResponse } from './json-response.js';
import { verificationJson } from './verification-response.js';
import { parseBatchRequest, parseVerifyRequest } from './verify-request.js';

/** A request has 3 members and up to 32 scopes, a batch a hundred of them; see `JsonBodyLimits`. */
const LIMITS: JsonBodyLimits = { bytes: 16_384, names: 100, values: 1_000 };
const BATCH_LIMITS: JsonBodyLimits = { bytes: 131_072, names: 1_000, values: 5_000 };

/**
 * `POST /verify`: may this secret do this, from there? A secret that is not valid gets 200 and a
 * code; only a malformed request gets 400.
 */
@Injectable()
export class VerifyEndpoint implements InternalEndpoint {
  readonly path = '/verify';
  readonly name = 'verify';
  readonly credential = 'bearer';
  readonly methods = ['POST'];
  readonly formatFailure = envelopeFailure;

  constructor(private readonly verifier: Verifier) {}

  handle(request: InternalRequest): MaybePromise<InternalResponse> {
    return thenMaybe(readJsonObject(request.request, request.response, LIMITS), (body) => {
      const options = { endpoint: this.name, fresh: wantsFresh(request) };
      return thenMaybe(this.verifier.verify(parseVerifyRequest(body), options), (verdict) => {
        request.context.verdict = verdict;
        return envelopeResponse(request, verificationJson(verdict), 'Verification completed');
      });
    });
  }
}

/**
 * `POST /verify/batch`: up to a hundred verifications, answered in their order. If one of them
 * cannot be decided, all fail.
 */
@Injectable()
export class VerifyBatchEndpoint implements InternalEndpoint {
  readonly path = '/verify/batch';
  readonly name = 'batch';
  readonly credential = 'bearer';
  readonly methods = ['POST'];
  readonly formatFailure = envelopeFailure;

  constructor(private readonly verifier: Verifier) {}

  async handle(request: InternalRequest): Promise<InternalResponse> {
    const requests = parseBatchRequest(await readJsonObject(request.request, request.response, BATCH_LIMITS));
    const options = { endpoint: this.name, fresh: wantsFresh(request) };
    const verdicts = await this.verifier.verifyAll(requests, options);
    request.context.verifications = verdicts.length;
    const all = `[${verdicts.map(verificationJson).join(',')}]` as AsciiJson;
    return envelopeResponse(request, all, 'Verifications completed');
  }
}

/** Whether the client wants the current state of the database, not a cached one. */
function wantsFresh({ request: { headers } }: InternalRequest): boolean {
  return headers['cache-control'] !== undefined && wantsNoCache(headers['cache-control']);
}
