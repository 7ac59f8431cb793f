import { Module } from '@nestjs/common';
import { AdmissionModule } from '../admission/admission.module.js';
import { DatabaseModule } from '../database/database.module.js';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { ActorAuthorizer } from './actor-authorizer.js';
import { ApiKey } from './api-key.entity.js';
import { ApiKeySecret } from './api-key-secret.entity.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysListing } from './api-keys.listing.js';
import { ApiKeysQueries } from './api-keys.queries.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { ApiKeysService } from './api-keys.service.js';

@Module({
  imports: [
    DatabaseModule.forFeature([ApiKey, ApiKeySecret]),
    AdmissionModule,
    OrganizationsModule,
    SecretsModule,
    UsageModule,
  ],
  controllers: [ApiKeysController],
  providers: [ActorAuthorizer, ApiKeysListing, ApiKeysQueries, ApiKeysRepository, ApiKeysService],
  exports: [ApiKeysService],
})
export class ApiKeysModule {}
