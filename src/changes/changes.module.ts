import { Global, Module } from '@nestjs/common';
import { Changes } from './changes.js';
import { MarksPruner } from './marks-pruner.js';

@Global()
@Module({ providers: [Changes, MarksPruner], exports: [Changes, MarksPruner] })
export class ChangesModule {}
