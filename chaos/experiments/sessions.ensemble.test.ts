/** Sessions against real members: what a local one and a global one cost the ensemble. */
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { LoadDriver } from '../../bench/load/load-process.ts';
import { preload } from '../../bench/load/workload/preload.ts';
import { Recorder } from '../../bench/measure/recorder.ts';
import { readTopology } from '../../bench/topology/read-topology.ts';
import { NO_EVENTS } from '../../results/events.ts';
import { measureSessions } from './measurements/session-churn.ts';
import { workloadOf } from './measurements/throughput.ts';
import { Stage } from './stage.ts';

const test = suite('chaos/experiments: sessions');
const LOAD = { valueBytes: 10, keyCount: 10 };

/** The counts of sessions with one setting. */
async function countedWith(localSessionsEnabled: boolean): Promise<Readonly<Record<string, number>>> {
  const folder = temporaryFolder();
  const { members, ...topology } = readTopology('voters=2 observers=1');
  const settings = { localSessionsEnabled: String(localSessionsEnabled) };
  const driver = new LoadDriver();
  const stage = await Stage.start({
    topology: {
      ...topology,
      members: members.map(member => ({ ...member, settings: { ...member.settings, ...settings } })),
    },
    ...{ folder: join(folder, 'lab'), temporaryFolder: folder, label: 'sessions', seed: 1 },
    ...{ toxiproxy: undefined, events: NO_EVENTS, signal: new AbortController().signal },
  });
  try {
    const recorder = new Recorder();
    const write = { load: LOAD as never, seed: 1 };
    // Before the first transaction of an epoch, members name other zxids.
    await preload((await stage.assignRoles()).leader.plan.ports.client, workloadOf(write), 0);
    await measureSessions(
      { stage, round: 0, recorder, spoilt: () => [] },
      { driver, write, sessionsPerTarget: 1, depth: 2 },
      1_500,
    );
    recorder.keep();
    const [measured] = recorder.measured().measurements;
    assert.ok(measured !== undefined);
    // On a busy machine the time is void, and a warning says so. What was counted is not.
    assert.is(measured.samples.length + measured.summary.warnings.length, 1);
    return measured.exactCounts ?? {};
  } finally {
    await Promise.all([driver.close(), stage.stop()]);
  }
}

test(
  'a local session opens and closes without a transaction, and a global one with two',
  async () => {
    const { transactionsPerSession: local, fsyncsPerSession } = await countedWith(true);
    assert.equal([local, fsyncsPerSession], [0, 0]);
    const { transactionsPerSession: global, fsyncsPerSession: synced } = await countedWith(false);
    assert.ok(Math.abs(global! - 2) < 0.02, `${global} transactions`);
    assert.ok(synced! > 0);
  },
  { deadlineMs: 180_000 },
);
