/** A storm of sinks over limited links, from the kill to the samples, and one where the limit is gone. */
import { join } from 'node:path';
import { assert, requirePeer, suite, temporaryFolder } from '#test';
import { networkSupport } from '../../bench/hosts/network/network-support.ts';
import { runWords } from '../../bench/hosts/network/run-commands.ts';
import { preload } from '../../bench/load/workload/preload.ts';
import { Recorder } from '../../bench/measure/recorder.ts';
import { readTopology } from '../../bench/topology/read-topology.ts';
import { NO_EVENTS } from '../../results/events.ts';
import { stormCondition } from '../../results/names.ts';
import { measureStorm } from './measurements/storm.ts';
import { Stage } from './stage.ts';

const test = suite('chaos/experiments: storms');
/** Of a hundred, so that the link must be the bound. */
const SIZE = { sinks: 100, snapshotMb: 1 };
const LIMITS = { servingMaxMs: 60_000, everyMs: 25 };
const PATH = '/storm/d0/k0';
/** So that 20 MB need four seconds of the link of the leader, which even a busy machine fills. */
const TOPOLOGY = 'voters=3 observers=1 bandwidth=40mbit';
/** A fifth of what the name of the condition says, to save time. */
const KEY_COUNT = 20;
/** A machine that does not fill the link makes a storm void. */
const STORMS_MAX = 3;

test(
  'a storm is measured from the first write to the last snapshot; planted: without the limit it is void',
  async () => {
    const { bandwidth: problem } = await networkSupport();
    requirePeer('networks of members', problem === undefined, problem ?? '');
    const folder = temporaryFolder();
    const { signal } = new AbortController();
    const stage = await Stage.start({
      topology: readTopology(TOPOLOGY),
      ...{ folder: join(folder, 'lab'), temporaryFolder: folder, label: 'storm' },
      ...{ toxiproxy: undefined, seed: 1, events: NO_EVENTS, signal },
    });
    try {
      const tree = {
        mix: { setData: 1 },
        valueBytes: 10_000,
        keyCount: KEY_COUNT,
        skew: { kind: 'uniform' as const },
      };
      const { leader } = await stage.assignRoles();
      await preload(leader.plan.ports.client, { ...tree, root: '/storm', seed: 1 }, 0);
      const recorder = new Recorder();
      const storm = (round: number) => {
        const more = { recorder, events: NO_EVENTS, recoverMaxMs: 60_000, path: PATH, signal };
        return measureStorm({ stage, condition: stormCondition(SIZE), round, ...more }, SIZE, LIMITS);
      };
      const lastLearner = () =>
        recorder.measured().measurements.find(({ metric }) => metric === 'stormLastLearnerMs')!;
      let bounded = 0;
      await storm(bounded);
      while (lastLearner().samples.length === 0 && bounded + 1 < STORMS_MAX) await storm(++bounded);
      await withoutLimits(stage);
      const free = bounded + 1;
      await storm(free);

      const { samples, summary } = lastLearner();
      const warnings = summary.warnings.join();
      assert.equal(
        samples.map(({ round }) => round),
        [bounded],
        warnings,
      );
      assert.ok(samples[0]!.value > 0);
      for (let round = 1; round <= bounded; round++)
        assert.match(warnings, new RegExp(`void round ${round}: the link used \\d+ % of its bandwidth`));
      assert.match(warnings, new RegExp(`void round ${free + 1}: the links of v\\d.* had no limit any more`));
      const { syncs } = recorder.measured();
      const of = (role: RegExp) =>
        syncs.filter(({ round, learner }) => round === bounded && role.test(learner));
      assert.is(of(/^o1$/).length, 1, 'the real observer is among the learners');
      const sinks = of(/^sink /);
      assert.is(sinks.length, 20, 'of hundreds, the waterfall shows a few');
      assert.equal(new Set(sinks.map(({ mode }) => mode)), new Set(['SNAP']));
    } finally {
      await stage.stop();
    }
  },
  { deadlineMs: 400_000 },
);

async function withoutLimits({ ensemble: { plan, members } }: Stage): Promise<void> {
  for (const { name } of members)
    await runWords(['tc', '-n', plan.network!.spaceOf(name), 'qdisc', 'del', 'dev', 'eth0', 'root']);
}
