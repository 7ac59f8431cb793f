import { Global, Module } from '@nestjs/common';
import { ChangeLog } from './change-log.js';
import { ChangeLogPruner } from './change-log-pruner.js';
import { ChangeLogSubscriber } from './change-log.subscriber.js';
import { UnconfirmedCommits } from './unconfirmed-commits.js';

@Global()
@Module({
  providers: [ChangeLog, ChangeLogPruner, ChangeLogSubscriber, UnconfirmedCommits],
  exports: [ChangeLog, ChangeLogPruner, ChangeLogSubscriber],
})
export class ChangeLogModule {}
