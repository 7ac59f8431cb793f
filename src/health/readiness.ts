import { Injectable } from '@nestjs/common';

/** The phase of the process, for load balancers. */
export type LifePhase = 'starting' | 'ready' | 'draining';

/** Ready once started and migrated, until a stop begins. The start and the stop set it. */
@Injectable()
export class Readiness {
  phase: LifePhase = 'starting';
}
