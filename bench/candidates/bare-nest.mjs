/*
 * The least that Nest on Express can do and still give the same answer: one route without guards,
 * interceptors or pipes, a fixed envelope with ids of the same kind in it, and the same line in the
 * log, by the same logger. Express is left as it comes; BARE_TUNED=1 switches off what our own
 * listener has switched off too.
 */
import 'reflect-metadata';
import { Controller, Get, Module, Req } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { destination, pino, stdTimeFunctions } from 'pino';
import { v7 } from 'uuid';
import { SAMPLE_KEY } from './sample-key.mjs';

class CurrentController {
  current(request) {
    return {
      status: 200,
      data: SAMPLE_KEY,
      error: null,
      log: null,
      validator: null,
      support_id: request.supportId,
      message: 'API key found',
      env: 'production',
    };
  }
}
const handler = Object.getOwnPropertyDescriptor(CurrentController.prototype, 'current') ?? {};
Get('current')(CurrentController.prototype, 'current', handler);
Req()(CurrentController.prototype, 'current', 0);
Controller('developers/api_keys')(CurrentController);

class BareModule {}
Module({ controllers: [CurrentController] })(BareModule);

const logger = pino(
  { timestamp: stdTimeFunctions.isoTime, formatters: { level: (level) => ({ level }) } },
  destination({ fd: 1, sync: true }),
);

function logRequest(request, response, next) {
  const startedMs = performance.now();
  const requestId = `req_${v7()}`;
  request.supportId = `support_${v7()}`;
  response.once('close', () => {
    logger.info(
      {
        request_id: requestId,
        support_id: request.supportId,
        listener: 'public',
        method: request.method,
        endpoint: request.route?.path ?? null,
        client: null,
        status: response.statusCode,
        duration_ms: Math.round((performance.now() - startedMs) * 100) / 100,
        key_id: SAMPLE_KEY.id,
        organization_id: SAMPLE_KEY.organization_id,
        remote_address: request.socket.remoteAddress ?? null,
        aborted: !response.writableFinished,
        verdict: 'VALID',
      },
      'request',
    );
  });
  next();
}

const isTuned = process.env.BARE_TUNED === '1';
/** @type {import('@nestjs/platform-express').NestExpressApplication} */
const app = await NestFactory.create(BareModule, { logger: false, ...(isTuned && { bodyParser: false }) });
if (isTuned) app.disable('etag').disable('x-powered-by').set('query parser', 'simple');
app.use(logRequest);
await app.listen(Number(process.env.PORT), '127.0.0.1');
process.on('disconnect', () => process.exit());
