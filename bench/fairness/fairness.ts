/**
 * `zklab bench fairness`: what greedy neighbours of each kind cost a quiet client, on our server and on
 * Apache ZooKeeper.
 */
import type { ExitCode } from '../../results/verdicts.ts';
import { LoadDriver } from '../load/load-process.ts';
import { preload } from '../load/preload.ts';
import { type CompareOptions, compareServers } from '../peer/compare-servers.ts';
import { FAIRNESS_LIMITS } from '../peer/peer-limits.ts';
import { zklabAndApache } from '../peer/servers.ts';
import type { Terminal } from '../terminal.ts';
import type { Ensemble } from '../topology/ensemble.ts';
import { readTopology } from '../topology/read-topology.ts';
import {
  chooseNeighbours,
  fairnessMetrics,
  measureFairnessRound,
  QUIET_READS_PER_SECOND,
} from './fairness-round.ts';
import { makeFairnessTree } from './fairness-tree.ts';
import { NeighbourProcess } from './neighbour-process.ts';
import { QUIET_WORKLOAD } from './quiet-client.ts';

/**
 * Without Apache ZooKeeper it measures only ours. The exit code is 3 when a round does not count. @throws
 * EnsembleError
 * @param options `only`: names of neighbours, comma-separated; all of them when absent
 */
export async function benchFairness(
  terminal: Terminal,
  options: CompareOptions & { readonly only?: string },
): Promise<ExitCode> {
  const { rounds, seconds, only } = options;
  const beside = chooseNeighbours(only);
  const neighbours = new NeighbourProcess();
  const driver = new LoadDriver();
  try {
    return await compareServers(
      terminal,
      {
        name: 'fairness',
        commandLine: `zklab bench fairness --rounds ${rounds} --seconds ${seconds}${only === undefined ? '' : ` --only ${only}`}`,
        load: `one quiet client at the leader, ${QUIET_READS_PER_SECOND} reads a second, alone and beside each neighbour`,
        seed: QUIET_WORKLOAD.seed,
        metrics: fairnessMetrics(beside),
        inputs: { readsPerSecond: QUIET_READS_PER_SECOND, neighbours: beside },
        limits: FAIRNESS_LIMITS,
        contestants: zklabAndApache(server => readTopology(`voters server=${server}`)),
        prepare: async (ensemble: Ensemble) => {
          const leader = await ensemble.leaderWithin();
          const target = { name: leader.name, ...leader.plan.ports.client };
          await makeFairnessTree(target);
          await preload(target, QUIET_WORKLOAD, 0);
          return {};
        },
        measure: (ensemble, signal) =>
          measureFairnessRound(ensemble, { neighbours, beside, driver, durationMs: seconds * 1000 }, signal),
      },
      options,
    );
  } finally {
    await Promise.all([neighbours.close(), driver.close()]);
  }
}
