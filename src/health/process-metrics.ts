import { Inject, Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { ListAdmission, PageAdmission } from '../admission/list-admission.js';
import { RequestAdmission } from '../admission/request-admission.js';
import type { Admission } from '../common/admission/admission.js';
import { REFUSAL_REASONS } from '../common/admission/admission-limits.js';
import { LANES, type LaneUse } from '../database/connection-lanes.js';
import { Database } from '../database/database.js';
import { LINE_SINK, type LineSink } from '../logging/line-sink.js';
import { SecretIssuer } from '../secrets/secret-issuer.js';
import { UsageMeter } from '../usage/usage-meter.js';

/** Sums of other gauges, which prom-client names like counters. Queries can compute them. */
const MISNAMED_SUMS = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** The current load of the process, and the metrics of all folders in Prometheus' text format. */
@Injectable()
export class ProcessMetrics {
  constructor(
    private readonly registry: Registry,
    database: Database,
    requests: RequestAdmission,
    lists: ListAdmission,
    pages: PageAdmission,
    secrets: SecretIssuer,
    meter: UsageMeter,
    @Inject(LINE_SINK) sink: LineSink,
  ) {
    collectDefaultMetrics({ register: registry });
    MISNAMED_SUMS.forEach((name) => {
      registry.removeSingleMetric(name);
    });
    this.expose('latchkey_usage_backlog_keys', 'Keys with counts that are not written yet.', () => meter.backlog);
    this.expose(
      'latchkey_usage_age_seconds',
      'The time since all counts were last written.',
      () => meter.ageMs / 1_000,
    );
    this.exposeAdmission({ control: requests, lists, pages, bcrypt: secrets.hashing });
    this.exposeConnections(database);
    new Counter({
      name: 'latchkey_log_lines_dropped_total',
      help: 'Lines of the log that were dropped because standard output did not take them.',
      registers: [registry],
      collect() {
        this.reset();
        this.inc(sink.droppedLines ?? 0);
      },
    });
  }

  /** The media type of `text()`. */
  get contentType(): string {
    return this.registry.contentType;
  }

  /** Every metric as it is now. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  private exposeAdmission(pools: Readonly<Record<string, Admission>>): void {
    const each = (value: (pool: Admission) => number) =>
      Object.entries(pools).map(([pool, admission]) => ({ labels: { pool }, value: value(admission) }));
    this.exposeEach('latchkey_admission_running', 'Work that was admitted and is under way.', ['pool'], () =>
      each(({ running }) => running),
    );
    this.exposeEach('latchkey_admission_queued', 'Work that waits for its turn.', ['pool'], () =>
      each(({ queued }) => queued),
    );
    new Counter({
      name: 'latchkey_admission_refused_total',
      help: 'Work that was not admitted, by reason.',
      labelNames: ['pool', 'reason'],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [pool, { refused }] of Object.entries(pools)) {
          for (const reason of REFUSAL_REASONS) {
            this.inc({ pool, reason }, refused[reason]);
          }
        }
      },
    });
  }

  private exposeConnections(database: Database): void {
    const each = (value: (use: LaneUse) => number) =>
      LANES.map((lane) => ({ labels: { lane }, value: value(database.useOf(lane)) }));
    this.expose('latchkey_database_connections', 'The size of the connection pool.', () => database.poolSize);
    this.exposeEach('latchkey_database_connections_in_use', 'Connections in use, by lane.', ['lane'], () =>
      each(({ running }) => running),
    );
    this.exposeEach(
      'latchkey_database_connections_waiting',
      'Uses that wait for a connection, by lane.',
      ['lane'],
      () => each(({ queued }) => queued),
    );
  }

  private expose(name: string, help: string, value: () => number): void {
    this.exposeEach(name, help, [], () => [{ labels: {}, value: value() }]);
  }

  private exposeEach(name: string, help: string, labelNames: string[], values: () => readonly LabelledValue[]): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        for (const { labels, value } of values()) {
          this.set(labels, value);
        }
      },
    });
  }
}

interface LabelledValue {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
