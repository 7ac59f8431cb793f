import { Inject, Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { Database } from '../database/database.js';
import { LINE_SINK, type LineSink } from '../logging/line-sink.js';
import { SecretIssuer } from '../secrets/secret-issuer.js';
import { UsageMeter } from '../usage/usage-meter.js';

/** Sums of other gauges that prom-client names like counters: they can be added up by whoever wants them. */
const MISNAMED_SUMS = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** What the process is busy with at this moment, and everything that the other folders measure, as Prometheus reads it. */
@Injectable()
export class ProcessMetrics {
  constructor(
    private readonly registry: Registry,
    database: Database,
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
      'How long ago everything that was counted was last written.',
      () => meter.ageMs / 1_000,
    );
    this.expose('latchkey_bcrypt_running', 'bcrypt hashes that are being computed.', () => secrets.load.running);
    this.expose('latchkey_bcrypt_queued', 'bcrypt hashes that wait for their turn.', () => secrets.load.queued);
    this.expose(
      'latchkey_database_connections',
      'How many connections the pool may hold.',
      () => database.poolUse.size,
    );
    this.expose('latchkey_database_connections_lent', 'Connections in use.', () => database.poolUse.lent);
    this.expose('latchkey_database_connections_queued', 'Who waits for a connection.', () => database.poolUse.queued);
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

  private expose(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(value());
      },
    });
  }
}
