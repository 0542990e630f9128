/**
 * `zklab bench fairness`: what greedy neighbours of each kind cost a quiet client, on our server and on
 * Apache ZooKeeper.
 */
import type { ExitCode } from '../../results/verdicts.ts';
import { noPreference } from '../hosts/process-priority.ts';
import { LoadDriver } from '../load/load-process.ts';
import type { LoadTarget } from '../load/load-spec.ts';
import { preload } from '../load/workload/preload.ts';
import { type CompareOptions, compareServers } from '../peer/compare-servers.ts';
import { FAIRNESS_LIMITS } from '../peer/peer-limits.ts';
import { mapped, zklabAndApache } from '../peer/servers.ts';
import type { Terminal } from '../terminal.ts';
import type { Ensemble } from '../topology/ensemble.ts';
import { JAVA_FLAGS } from '../topology/member-command.ts';
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
import { judgeOwnWaits } from './own-wait.ts';
import { QUIET_WORKLOAD } from './quiet-client.ts';

interface FairnessOptions extends CompareOptions {
  /** Names of neighbours, comma-separated. @default all of them */
  readonly only?: string;
  /** Measures each neighbour at another ensemble as well. @default false */
  readonly nextDoor?: boolean;
}

/**
 * Apache ZooKeeper keeps the last 500 transactions, and each that is under way, in memory: 250 MB of writes
 * of 500 kB.
 */
const LARGE_HEAP = JAVA_FLAGS.map(flag => (flag.startsWith('-Xmx') ? '-Xmx1g' : flag));

/**
 * Without Apache ZooKeeper it measures only ours. The exit code is 3 when a round does not count, and 1 when
 * our server keeps the client waiting. @throws EnsembleError
 */
export async function benchFairness(terminal: Terminal, options: FairnessOptions): Promise<ExitCode> {
  const { seconds, only, nextDoor: hasNextDoor = false } = options;
  const beside = chooseNeighbours(only);
  const neighbours = new NeighbourProcess();
  const nextDoor = hasNextDoor ? new NextDoor() : undefined;
  const driver = new LoadDriver();
  const cannot = await noPreference();
  const places = { nextDoor: hasNextDoor, coreAtHand: cannot === undefined };
  const contestants = zklabAndApache(server => readTopology(`voters server=${server}`));
  try {
    return await compareServers(
      terminal,
      {
        name: 'fairness',
        commandLine: commandLineOf(options),
        load: `one quiet client at the leader, ${QUIET_READS_PER_SECOND} reads a second, alone${hasNextDoor ? ', next door to' : ''} and beside each neighbour${places.coreAtHand ? ', then with a core at hand' : ''}`,
        seed: QUIET_WORKLOAD.seed,
        metrics: fairnessMetrics(beside, places),
        inputs: { readsPerSecond: QUIET_READS_PER_SECOND, neighbours: beside, ...places },
        limits: FAIRNESS_LIMITS,
        contestants,
        javaFlags: LARGE_HEAP,
        prepare: async (ensemble: Ensemble, signal) => {
          await preload(await furnished(ensemble), QUIET_WORKLOAD, 0);
          if (nextDoor !== undefined)
            await furnished(await nextDoor.start(ensemble, { javaFlags: LARGE_HEAP, signal }));
          return {};
        },
        measure: (ensemble, signal) => {
          const durationMs = seconds * 1000;
          const common = { neighbours, beside, driver, durationMs };
          const spec = { ...common, nextDoor: nextDoor?.of(ensemble), coreAtHand: places.coreAtHand };
          return measureFairnessRound(ensemble, spec, signal);
        },
        judge: rounds =>
          judgeOwnWaits({
            neighbours: beside,
            rounds,
            names: mapped(contestants, ({ name }) => name),
            cannot,
          }),
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
