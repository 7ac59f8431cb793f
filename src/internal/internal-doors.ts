import { Injectable } from '@nestjs/common';
import { EnvoyForwardAuthDoor, ForwardAuthDoor } from './forward-auth.doors.js';
import type { InternalDoor } from './internal-door.js';
import { IntrospectDoor } from './introspect.door.js';
import { LiveDoor, MetricsDoor, ReadyDoor } from './monitoring.doors.js';
import { VerifyBatchDoor, VerifyDoor } from './verify.doors.js';

/** Behind it comes the path of Envoy's client. */
export const ENVOY_PREFIX = '/forward-auth/envoy';

/** Which path leads to which door. */
@Injectable()
export class InternalDoors {
  private readonly byPath: ReadonlyMap<string, InternalDoor>;

  constructor(
    verify: VerifyDoor,
    batch: VerifyBatchDoor,
    introspect: IntrospectDoor,
    forwardAuth: ForwardAuthDoor,
    private readonly envoy: EnvoyForwardAuthDoor,
    live: LiveDoor,
    ready: ReadyDoor,
    metrics: MetricsDoor,
  ) {
    this.byPath = new Map<string, InternalDoor>([
      ['/verify', verify],
      ['/verify/batch', batch],
      ['/introspect', introspect],
      ['/forward-auth', forwardAuth],
      [ENVOY_PREFIX, envoy],
      ['/health/live', live],
      ['/health/ready', ready],
      ['/metrics', metrics],
    ]);
  }

  /** The door at a path; undefined where there is none. */
  find(path: string): InternalDoor | undefined {
    return this.byPath.get(path) ?? (path.startsWith(`${ENVOY_PREFIX}/`) ? this.envoy : undefined);
  }
}
