/**
 * `zklab bench fairness`: what greedy neighbours of each kind cost a quiet client, on our server and on
 * Apache ZooKeeper.
 */
import type { ExitCode } from '../../results/verdicts.ts';
import { LoadDriver } from '../load/load-process.ts';
import type { LoadTarget } from '../load/load-spec.ts';
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
import { NextDoor } from './next-door.ts';
import { QUIET_WORKLOAD } from './quiet-client.ts';

interface FairnessOptions extends CompareOptions {
  /** Names of neighbours, comma-separated. @default all of them */
  readonly only?: string;
  /** Measures each neighbour at another ensemble as well. @default false */
  readonly nextDoor?: boolean;
}

/**
 * Without Apache ZooKeeper it measures only ours. The exit code is 3 when a round does not count. @throws
 * EnsembleError
 */
export async function benchFairness(terminal: Terminal, options: FairnessOptions): Promise<ExitCode> {
  const { seconds, only, nextDoor: hasNextDoor = false } = options;
  const beside = chooseNeighbours(only);
  const neighbours = new NeighbourProcess();
  const nextDoor = hasNextDoor ? new NextDoor() : undefined;
  const driver = new LoadDriver();
  try {
    return await compareServers(
      terminal,
      {
        name: 'fairness',
        commandLine: commandLineOf(options),
        load: `one quiet client at the leader, ${QUIET_READS_PER_SECOND} reads a second, alone${hasNextDoor ? ', next door to' : ''} and beside each neighbour`,
        seed: QUIET_WORKLOAD.seed,
        metrics: fairnessMetrics(beside, hasNextDoor),
        inputs: { readsPerSecond: QUIET_READS_PER_SECOND, neighbours: beside, nextDoor: hasNextDoor },
        limits: FAIRNESS_LIMITS,
        contestants: zklabAndApache(server => readTopology(`voters server=${server}`)),
        prepare: async (ensemble: Ensemble, signal) => {
          await preload(await furnished(ensemble), QUIET_WORKLOAD, 0);
          if (nextDoor !== undefined) await furnished(await nextDoor.start(ensemble, signal));
          return {};
        },
        measure: (ensemble, signal) => {
          const durationMs = seconds * 1000;
          const spec = { neighbours, beside, driver, nextDoor: nextDoor?.of(ensemble), durationMs };
          return measureFairnessRound(ensemble, spec, signal);
        },
      },
      options,
    );
  } finally {
    await Promise.all([neighbours.close(), driver.close()]);
    await nextDoor?.close();
  }
}

/** Returns the leader, which has the znodes of the neighbours. */
async function furnished(ensemble: Ensemble): Promise<LoadTarget> {
  const leader = await ensemble.leaderWithin();
  const target = { name: leader.name, ...leader.plan.ports.client };
  await makeFairnessTree(target);
  return target;
}

function commandLineOf({ rounds, seconds, only, nextDoor }: FairnessOptions): string {
  const more = `${only === undefined ? '' : ` --only ${only}`}${nextDoor ? ' --next-door' : ''}`;
  return `zklab bench fairness --rounds ${rounds} --seconds ${seconds}${more}`;
}
