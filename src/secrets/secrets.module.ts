import { Module } from '@nestjs/common';
import { PepperRing } from './pepper-ring.js';
import { SecretIssuer } from './secret-issuer.js';

@Module({ providers: [PepperRing, SecretIssuer], exports: [PepperRing, SecretIssuer] })
export class SecretsModule {}
