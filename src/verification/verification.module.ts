import { Module } from '@nestjs/common';
import { SecretsModule } from '../secrets/secrets.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { BcryptRecovery } from './bcrypt-recovery.js';
import { StoredSecretQuery } from './stored-secret.query.js';
import { Verifier } from './verifier.js';

@Module({
  imports: [SecretsModule, UsageModule],
  providers: [BcryptRecovery, StoredSecretQuery, Verifier],
  exports: [Verifier],
})
export class VerificationModule {}
