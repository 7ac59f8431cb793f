import { Global, Module } from '@nestjs/common';
import { Changes } from './changes.js';
import { MarksPruner } from './marks-pruner.js';
import { UnconfirmedCommits } from './unconfirmed-commits.js';

@Global()
@Module({ providers: [Changes, MarksPruner, UnconfirmedCommits], exports: [Changes, MarksPruner] })
export class ChangesModule {}
