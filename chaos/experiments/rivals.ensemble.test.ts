/** Reconfigurations under clients, and a killed leader: a round of each, of our server alone. */
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { preload } from '../../bench/load/workload/preload.ts';
import { Recorder } from '../../bench/measure/recorder.ts';
import { readTopology } from '../../bench/topology/read-topology.ts';
import { NO_EVENTS } from '../../results/events.ts';
import { CONDITIONS } from '../../results/names.ts';
import { measureFailover } from './measurements/failover.ts';
import { measureReconfigurations } from './measurements/reconfigurations.ts';
import { steadyClients } from './measurements/steady-clients.ts';
import { PROBED_PATH, workloadOf } from './measurements/throughput.ts';
import { Stage } from './stage.ts';

const test = suite('chaos/experiments: rivals');
const LOAD = { valueBytes: 10, keyCount: 10 };
const SETTINGS = { reconfigEnabled: 'true', skipACL: 'yes', tickTime: '200' };

async function withStage(body: (stage: Stage, recorder: Recorder) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  const { members, ...topology } = readTopology('voters=3 observers=1');
  const stage = await Stage.start({
    topology: { ...topology, members: members.map(member => ({ ...member, settings: SETTINGS })) },
    ...{ folder: join(folder, 'lab'), temporaryFolder: folder, label: 'rivals', seed: 1 },
    ...{ toxiproxy: undefined, events: NO_EVENTS, signal: new AbortController().signal },
  });
  try {
    const { leader } = await stage.assignRoles();
    await preload(leader.plan.ports.client, workloadOf({ load: LOAD as never, seed: 1 }), 0);
    await body(stage, new Recorder());
  } finally {
    await stage.stop();
  }
}

test(
  'a round measures the longest wait with reconfigurations and without, and the time until a write commits',
  () =>
    withStage(async (stage, recorder) => {
      const signal = new AbortController().signal;
      const at = { stage, round: 0, recorder, path: PROBED_PATH, signal };
      await measureReconfigurations(at, { everyMs: 20, promotions: 1, pauseMs: 100 });
      await measureFailover({
        ...at,
        condition: CONDITIONS.leaderKilled,
        events: NO_EVENTS,
        recoverMaxMs: 30_000,
      });
      recorder.keep();
      const measured = recorder
        .measured()
        .measurements.map(({ metric, condition }) => `${metric}: ${condition}`);
      for (const name of [
        `longestWaitMs: ${CONDITIONS.reconfigured}`,
        `longestWaitMs: ${CONDITIONS.steadyClients}`,
        `syncFirstWriteMs: ${CONDITIONS.leaderKilled}`,
      ])
        assert.ok(measured.includes(name), `${name} is not in ${measured.join(', ')}`);
    }),
  { deadlineMs: 120_000 },
);

test(
  'planted: clients of a member that stands still wait as long as it does',
  () =>
    withStage(async stage => {
      const { victim } = await stage.assignRoles();
      const waits = await steadyClients([victim!], { path: PROBED_PATH, everyMs: 20 }, async () => {
        victim!.pause();
        await new Promise(resolve => setTimeout(resolve, 600));
        victim!.resume();
      });
      assert.ok(waits.longestWaitMs >= 500, `${waits.longestWaitMs} ms`);
    }),
  { deadlineMs: 120_000 },
);
