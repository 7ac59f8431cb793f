import { Injectable } from '@nestjs/common';
import { EnvoyForwardAuthEndpoint, ForwardAuthEndpoint } from './forward-auth.endpoints.js';
import type { InternalEndpoint } from './internal-endpoint.js';
import { IntrospectEndpoint } from './introspect.endpoint.js';
import { LivenessEndpoint, MetricsEndpoint, ReadinessEndpoint } from './monitoring.endpoints.js';
import { VerifyBatchEndpoint, VerifyEndpoint } from './verify.endpoints.js';

/** Behind it comes the path of Envoy's client. */
export const ENVOY_PREFIX = '/forward-auth/envoy';

/** Which path leads to which endpoint. */
@Injectable()
export class EndpointRegistry {
  private readonly byPath: ReadonlyMap<string, InternalEndpoint>;

  constructor(
    verify: VerifyEndpoint,
    batch: VerifyBatchEndpoint,
    introspect: IntrospectEndpoint,
    forwardAuth: ForwardAuthEndpoint,
    private readonly envoy: EnvoyForwardAuthEndpoint,
    live: LivenessEndpoint,
    ready: ReadinessEndpoint,
    metrics: MetricsEndpoint,
  ) {
    this.byPath = new Map<string, InternalEndpoint>([
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

  /** The endpoint at a path; undefined where there is none. */
  find(path: string): InternalEndpoint | undefined {
    return this.byPath.get(path) ?? (path.startsWith(`${ENVOY_PREFIX}/`) ? this.envoy : undefined);
  }
}
