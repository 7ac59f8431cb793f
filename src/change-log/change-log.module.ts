import { Global, Module } from '@nestjs/common';
import { ChangeLog } from './change-log.js';
import { ChangeLogPruner } from './change-log-pruner.js';
import { UnconfirmedCommits } from './unconfirmed-commits.js';

@Global()
@Module({ providers: [ChangeLog, ChangeLogPruner, UnconfirmedCommits], exports: [ChangeLog, ChangeLogPruner] })
export class ChangeLogModule {}
