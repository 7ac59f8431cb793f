import { Injectable } from '@nestjs/common';

/** Where the process is in its life, as a load balancer needs to know it. */
export type LifePhase = 'starting' | 'ready' | 'draining';

/** Ready once started and migrated, until a stop begins. The start and the stop move it on. */
@Injectable()
export class Readiness {
  phase: LifePhase = 'starting';
}
