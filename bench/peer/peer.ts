/**
 * `zklab bench peer`: our server and Apache ZooKeeper, three voters each, under the same writes and reads.
 */
import type { ExitCode } from '../../results/verdicts.ts';
import { APACHE_HINT, findApacheZooKeeper } from '../hosts/apache-zookeeper.ts';
import type { Terminal } from '../terminal.ts';
import { readTopology } from '../topology/read-topology.ts';
import { UsageError } from '../usage-error.ts';
import { type CompareOptions, compareServers } from './compare-servers.ts';
import { PEER_METRICS } from './metrics.ts';
import { PEER_LIMITS } from './peer-limits.ts';
import { measuring, PEER_INPUTS, PEER_LOAD_TEXT, PEER_WORKLOAD } from './peer-round.ts';
import { zklabAndApache } from './servers.ts';

/**
 * The exit code is 3 when a round does not count. @throws UsageError without Apache ZooKeeper, EnsembleError
 */
export async function benchPeer(terminal: Terminal, options: CompareOptions): Promise<ExitCode> {
  if (findApacheZooKeeper() === undefined)
    throw new UsageError(
      `bench peer compares with Apache ZooKeeper, which was not found on this machine; to get it: ${APACHE_HINT}`,
    );
  const { rounds, seconds } = options;
  const comparison = {
    name: 'peer',
    commandLine: `zklab bench peer --rounds ${rounds} --seconds ${seconds}`,
    load: PEER_LOAD_TEXT,
    seed: PEER_WORKLOAD.seed,
    metrics: PEER_METRICS,
    inputs: JSON.parse(JSON.stringify(PEER_INPUTS)),
    limits: PEER_LIMITS,
    contestants: zklabAndApache(server => readTopology(`voters server=${server}`)),
    ...measuring(seconds),
  };
  return compareServers(terminal, comparison, options);
}
