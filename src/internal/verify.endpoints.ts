import { Injectable } from '@nestjs/common';
import type { AsciiJson } from '../common/ascii-json.js';
import { thenMaybe, type MaybePromise } from '../common/maybe-promise.js';
import { wantsNoCache } from '../http/cache-control.js';
import { readJsonObject, type JsonBodyLimits } from '../http/json-body.js';
import { Verifier } from '../verification/verifier.js';
import type { Call, InternalResponse } from './internal-request.js';
import type { InternalEndpoint } from './internal-endpoint.js';
import { envelopeResponse, failureResponse } from './json-response.js';
import { logFieldsOf, verificationJson } from './verification-response.js';
import { parseBatchRequest, parseVerifyRequest } from './verify-request.js';

/** A request has 3 members and up to 32 scopes, a batch a hundred of them; see `JsonBodyLimits`. */
const LIMITS: JsonBodyLimits = { bytes: 16_384, names: 100, values: 1_000 };
const BATCH_LIMITS: JsonBodyLimits = { bytes: 131_072, names: 1_000, values: 5_000 };

/** `POST /verify`: may this secret do this, from there? A bad secret is 200 and a code; only a bad request is 400. */
@Injectable()
export class VerifyEndpoint implements InternalEndpoint {
  readonly name = 'verify';
  readonly credential = 'bearer';
  readonly methods = ['POST'];
  readonly failed = failureResponse;

  constructor(private readonly verifier: Verifier) {}

  answer(call: Call): MaybePromise<InternalResponse> {
    return thenMaybe(readJsonObject(call.request, call.response, LIMITS), (body) => {
      const options = { endpoint: 'verify', fresh: wantsFresh(call) } as const;
      return thenMaybe(this.verifier.verify(parseVerifyRequest(body), options), (verdict) =>
        envelopeResponse(call, verificationJson(verdict), 'Verification completed', logFieldsOf(verdict)),
      );
    });
  }
}

/** `POST /verify/batch`: up to a hundred of them, answered in their order. One that cannot be judged fails all: none is left out. */
@Injectable()
export class VerifyBatchEndpoint implements InternalEndpoint {
  readonly name = 'batch';
  readonly credential = 'bearer';
  readonly methods = ['POST'];
  readonly failed = failureResponse;

  constructor(private readonly verifier: Verifier) {}

  async answer(call: Call): Promise<InternalResponse> {
    const requests = parseBatchRequest(await readJsonObject(call.request, call.response, BATCH_LIMITS));
    const options = { endpoint: 'batch', fresh: wantsFresh(call) } as const;
    const verdicts = await this.verifier.verifyAll(requests, options);
    const note = { verifications: verdicts.length };
    const all = `[${verdicts.map(verificationJson).join(',')}]` as AsciiJson;
    return envelopeResponse(call, all, 'Verifications completed', note);
  }
}

/** Whether the caller wants the current state of the database, and not a cached one. */
function wantsFresh({ request: { headers } }: Call): boolean {
  return headers['cache-control'] !== undefined && wantsNoCache(headers['cache-control']);
}
