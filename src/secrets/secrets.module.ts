import { Module } from '@nestjs/common';
import { PepperKeyring } from './pepper-keyring.js';
import { SecretIssuer } from './secret-issuer.js';

@Module({ providers: [PepperKeyring, SecretIssuer], exports: [PepperKeyring, SecretIssuer] })
export class SecretsModule {}
