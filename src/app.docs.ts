import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import helmet from 'helmet';
import { AppModule } from './app.module.js';
import { SCOPE_DESCRIPTIONS } from './common/access/scope.js';
import type { Config } from './config/config.js';

const PATH = 'docs';

const DESCRIPTION = `Issues, restricts, verifies and retires API keys for organizations.

Every answer is one envelope with eight keys; its \`support_id\` names the answer in our logs. Send your key as
\`Authorization: Bearer <secret>\`. Times are \`YYYY-MM-DD HH:MM:SS\` in UTC.

| scope | allows to |
| --- | --- |
${Object.entries(SCOPE_DESCRIPTIONS)
  .map(([scope, description]) => `| \`${scope}\` | ${description} |`)
  .join('\n')}
`;

/** The API document of an application, in OpenAPI 3.1. */
export function createDocument(app: NestExpressApplication): OpenAPIObject {
  const options = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Latchkey')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'This server')
    .addTag('API keys', 'Create, list, read, change and delete the keys of your organization')
    .addTag('Health', 'For orchestrators: plain statuses, no envelope')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'The secret of an API key.' })
    .build();
  return SwaggerModule.createDocument(app, options, {
    operationIdFactory: (controller, method) => operationId(controller, method),
  });
}

/** An application that can be documented and nothing else: no provider is made, no database is asked. */
export async function createDocumentedApp(): Promise<NestExpressApplication> {
  return NestFactory.create<NestExpressApplication>(AppModule.with({} as Config), { preview: true, logger: false });
}

/** Serves Swagger UI at /docs and the document at /docs/openapi.json, from this host alone. */
export function serveDocs(app: NestExpressApplication, config: Pick<Config, 'env'>): void {
  app.use(
    `/${PATH}`,
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: ["'self'"],
          // Swagger UI styles its elements inline.
          styleSrc: ["'self'", "'unsafe-inline'"],
          imgSrc: ["'self'", 'data:'],
          connectSrc: ["'self'"],
          fontSrc: ["'self'", 'data:'],
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
      // TLS ends at a proxy, whose business this is.
      strictTransportSecurity: false,
    }),
  );
  SwaggerModule.setup(PATH, app, () => createDocument(app), {
    jsonDocumentUrl: `${PATH}/openapi.json`,
    raw: ['json'],
    customSiteTitle: 'Latchkey API',
    customCss: '.swagger-ui .topbar { display: none }',
    swaggerOptions: {
      persistAuthorization: config.env === 'development',
      displayRequestDuration: true,
      tryItOutEnabled: true,
      validatorUrl: null,
    },
  });
}

/** `ApiKeysController.create` is `createApiKey`'s kind of name: `apiKeysCreate`. */
function operationId(controller: string, method: string): string {
  const subject = controller.replace(/Controller$/, '');
  return `${subject.charAt(0).toLowerCase()}${subject.slice(1)}${method.charAt(0).toUpperCase()}${method.slice(1)}`;
}
