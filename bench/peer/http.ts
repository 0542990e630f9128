/**
 * `zklab bench http`: AdminServer of our server and of Apache ZooKeeper, one member each, under HTTP load.
 */
import type { ExitCode } from '../../results/verdicts.ts';
import type { Terminal } from '../terminal.ts';
import type { Ensemble } from '../topology/ensemble.ts';
import { topologyOf } from '../topology/topology.ts';
import { type CompareOptions, compareServers } from './compare-servers.ts';
import { HTTP_METRICS, measureHttpRound } from './http-round.ts';
import { HTTP_LIMITS } from './peer-limits.ts';
import { zklabAndApache } from './servers.ts';

export interface HttpOptions extends CompareOptions {
  readonly connections: number;
}

/** The exit code is 3 when a round does not count. @throws EnsembleError */
export function benchHttp(terminal: Terminal, options: HttpOptions): Promise<ExitCode> {
  const { rounds, seconds, connections } = options;
  const comparison = {
    name: 'http',
    commandLine: `zklab bench http --rounds ${rounds} --seconds ${seconds} --connections ${connections}`,
    load: `AdminServer of one member, ${connections} connections, each with one request at a time`,
    // Nothing is random: all requests of a phase are the same.
    seed: 0,
    metrics: HTTP_METRICS,
    inputs: { connections },
    limits: HTTP_LIMITS,
    contestants: zklabAndApache(implementation =>
      topologyOf(
        { voters: 1, implementation, settings: { 'admin.enableServer': true } },
        `AdminServer of ${implementation}`,
      ),
    ),
    measure: (ensemble: Ensemble, signal: AbortSignal) =>
      measureHttpRound(ensemble, { durationMs: seconds * 1000, connections }, signal),
  };
  return compareServers(terminal, comparison, options);
}
