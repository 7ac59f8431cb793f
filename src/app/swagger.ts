import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import helmet from 'helmet';
import { AppModule } from './app.module.js';
import { SCOPE_DESCRIPTIONS } from '../common/access/scope.js';
import type { Config } from '../config/config.js';
import { DOCS_PATH } from '../contract/non-api-paths.js';
import { serveOnlyDocsFiles } from '../http/docs-files.js';

const DOCUMENT = 'openapi.json';
const REFERENCE = '#/components/schemas/';

const DESCRIPTION = `Issues, restricts, verifies and retires API keys for organizations.

Every response is one envelope with eight keys. Its \`support_id\` identifies it in the logs. Send your key as
\`Authorization: Bearer <secret>\`. Times are \`YYYY-MM-DD HH:MM:SS\` in UTC.

<details>
<summary>The ${Object.keys(SCOPE_DESCRIPTIONS).length} scopes that a key may have</summary>

| scope | permits to |
| --- | --- |
${Object.entries(SCOPE_DESCRIPTIONS)
  .map(([scope, description]) => `| \`${scope}\` | ${description} |`)
  .join('\n')}

</details>
`;

/** The API document of an application, in OpenAPI 3.1. */
export function createDocument(app: NestExpressApplication): OpenAPIObject {
  const options = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Latchkey')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setLicense('MIT licence', 'https://opensource.org/license/mit')
    // Relative to the document's own URL (OpenAPI 3.1, "Relative References in URLs"), so that it
    // is right under a path prefix.
    .addServer('..', 'This server')
    .addTag('API keys', 'Create, list, read, update and delete the keys of your organization')
    .addTag('Health', 'For orchestrators: plain statuses, no envelope')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'The secret of an API key.' })
    .build();
  // DocumentBuilder emits an empty contact. Only the operator knows the real one.
  options.info.contact = { name: 'The operator of this installation' };
  return refuseUnknownFields(
    SwaggerModule.createDocument(app, options, {
      operationIdFactory: operationId,
    }),
  );
}

/** An application for the API document only: it creates no provider and uses no database. */
export async function createDocumentedApp(): Promise<NestExpressApplication> {
  return NestFactory.create<NestExpressApplication>(AppModule.forRoot({} as Config), { preview: true, logger: false });
}

/**
 * Serves Swagger UI at /docs/ and the document at /docs/openapi.json, without external resources.
 */
export function serveDocs(app: NestExpressApplication, config: Pick<Config, 'env'>): void {
  app.use(
    DOCS_PATH,
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
      // TLS terminates at a proxy, which sets this header.
      strictTransportSecurity: false,
    }),
  );
  app.use(DOCS_PATH, serveOnlyDocsFiles);
  SwaggerModule.setup(DOCS_PATH, app, () => createDocument(app), {
    jsonDocumentUrl: `${DOCS_PATH}/${DOCUMENT}`,
    // Swagger UI resolves the server in the document against this, and this against the page.
    swaggerUrl: DOCUMENT,
    raw: ['json'],
    customSiteTitle: 'Latchkey API',
    customCss: '.swagger-ui .topbar { display: none }',
    swaggerOptions: {
      persistAuthorization: config.env === 'development',
      displayRequestDuration: true,
      // Operations first, schemas collapsed below them.
      defaultModelsExpandDepth: 0,
      tryItOutEnabled: true,
      validatorUrl: null,
    },
  });
}

/**
 * The operation id, which generated clients use as a name: `ApiKeysController.create` is
 * `apiKeysCreate`.
 */
function operationId(controller: string, method: string): string {
  const subject = controller.replace(/Controller$/, '');
  return `${subject.charAt(0).toLowerCase()}${subject.slice(1)}${method.charAt(0).toUpperCase()}${method.slice(1)}`;
}

/** Documents for each request body that the validation pipe rejects unknown fields. */
function refuseUnknownFields(document: OpenAPIObject): OpenAPIObject {
  const schemas = document.components?.schemas ?? {};
  for (const { post, put, patch } of Object.values(document.paths)) {
    for (const operation of [post, put, patch]) {
      const content =
        operation?.requestBody !== undefined && 'content' in operation.requestBody ? operation.requestBody.content : {};
      for (const { schema } of Object.values(content)) {
        const name = schema !== undefined && '$ref' in schema ? schema.$ref.slice(REFERENCE.length) : '';
        const body = schemas[name];
        if (body !== undefined && !('$ref' in body)) {
          body.additionalProperties = false;
        }
      }
    }
  }
  return document;
}
