/** A server whose turns take 40 ms is found out, with a core at hand and without. */
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { noPreference } from '../hosts/process-priority.ts';
import { LoadDriver } from '../load/load-process.ts';
import { preload } from '../load/workload/preload.ts';
import type { Round } from '../peer/servers.ts';
import { Ensemble } from '../topology/ensemble.ts';
import { planEnsemble } from '../topology/plan.ts';
import { readTopology } from '../topology/read-topology.ts';
import { withCoreAtHand } from './core-at-hand.ts';
import { ownWaitOf } from './fairness-round.ts';
import { NeighbourProcess } from './neighbour-process.ts';
import { judgeOwnWaits } from './own-wait.ts';
import { measureQuietClient, QUIET_WORKLOAD } from './quiet-client.ts';

const test = suite('bench fairness: own waits');
const PLANT = join(import.meta.dirname, 'held-loop.test-kit.js');
const ROUNDS = 5;
const NEIGHBOUR = 'strangers';

async function plantedEnsemble(): Promise<Ensemble> {
  const before = process.env.NODE_OPTIONS;
  process.env.NODE_OPTIONS = `--import ${PLANT}`;
  try {
    return await Ensemble.start(await planEnsemble(readTopology('voters'), temporaryFolder()));
  } finally {
    if (before === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = before;
  }
}

test('planted: a server whose turns take 40 ms fails', async () => {
  const ensemble = await plantedEnsemble();
  const neighbours = new NeighbourProcess();
  const driver = new LoadDriver();
  try {
    const leader = await ensemble.leaderWithin();
    const target = { name: 'leader', ...leader.plan.ports.client };
    await preload(target, QUIET_WORKLOAD, 0);
    const pace = { readsPerSecond: 500, warmupMs: 200, durationMs: 500 };
    const measure = () => measureQuietClient({ driver, neighbours, target, neighbour: NEIGHBOUR, ...pace });
    const cannot = await noPreference();
    const first: Round[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const users = { serverPid: leader.pid, driverPid: driver.pid };
      const { waits } = cannot === undefined ? (await withCoreAtHand(users, measure)).value : await measure();
      first.push({ readings: { [ownWaitOf(NEIGHBOUR)]: waits.p99 }, voidReasons: [], driverLagMs: 0 });
    }
    const [verdict] = judgeOwnWaits({
      neighbours: [NEIGHBOUR],
      rounds: { first },
      names: { first: 'zklab' },
      cannot: undefined,
    });
    assert.is(verdict!.verdict, 'fails', verdict!.reason);
  } finally {
    await Promise.all([neighbours.close(), driver.close()]);
    await ensemble.stop();
  }
});
