import { cpus, loadavg, release, totalmem } from 'node:os';
import { inProject } from '../../scripts/support/project.mjs';
import { versionOf } from './peers.mjs';

/** What the figures depend on, for the report. */
export function describeMachine({ runtimes, database, wrk }) {
  const ours = inProject('node_modules');
  const [{ model }] = cpus();
  return {
    machine: `${cpus().length} × ${model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}; load average at the start ${loadavg()[0].toFixed(1)}`,
    versions: [
      `Node ${runtimes.map(({ version }) => version).join(' and ')} (load generators: ${process.versions.node})`,
      database,
      wrk,
      ...['@nestjs/core', 'pino', 'bcrypt'].map((name) => `${name} ${versionOf(name, ours)}`),
      ...['express', 'better-auth', '@better-auth/api-key'].map((name) => `${name} ${versionOf(name)}`),
    ].join(', '),
  };
}
