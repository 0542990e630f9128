/** Observers of a live ensemble that hear proposals, and such that hear INFORM: what a write costs each. */
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { LoadDriver } from '../../bench/load/load-process.ts';
import { Recorder } from '../../bench/measure/recorder.ts';
import { readTopology } from '../../bench/topology/read-topology.ts';
import { NO_EVENTS } from '../../results/events.ts';
import { countPath, sizedPaths } from './measurements/paths.ts';
import { Stage } from './stage.ts';

const test = suite('chaos/experiments: proposals to observers');
const BYTES = 1_000;
const LOAD = { valueBytes: BYTES, keyCount: 10, sessionsPerTarget: 1 };

async function countedWith(topologyText: string, asks: boolean): Promise<Readonly<Record<string, number>>> {
  const folder = temporaryFolder();
  const { members, ...topology } = readTopology(topologyText);
  const settings = { 'observer.proposals.enabled': String(asks) };
  const driver = new LoadDriver();
  const stage = await Stage.start({
    topology: {
      ...topology,
      members: members.map(member => ({ ...member, settings: { ...member.settings, ...settings } })),
    },
    ...{ folder: join(folder, 'lab'), temporaryFolder: folder, label: 'proposals', seed: 1 },
    ...{ toxiproxy: undefined, events: NO_EVENTS, signal: new AbortController().signal },
  });
  try {
    const recorder = new Recorder();
    const write = { load: LOAD as never, seed: 1 };
    await countPath(
      { stage, round: 0, start: 0, recorder, driver, write, windowMs: 600 },
      sizedPaths([BYTES])[0]!,
    );
    recorder.keep();
    return recorder.measured().measurements[0]?.exactCounts ?? {};
  } finally {
    await Promise.all([driver.close(), stage.stop()]);
  }
}

test(
  '000-8, 000-9: an observer takes PROPOSAL and COMMIT instead of INFORM, from the leader and from a master, and never acks',
  async () => {
    const informed = await countedWith('voters=1 observers=1', false);
    for (const text of ['voters=1 observers=1', 'voters=3 observers=1 masters=on']) {
      const proposed = await countedWith(text, true);
      assert.ok(
        Math.abs(proposed.observerMessagesPerWrite! - 2) < 0.1,
        `${proposed.observerMessagesPerWrite}`,
      );
      const more = proposed.observerBytesPerWrite! - informed.observerBytesPerWrite!;
      // The transactions of the session are few beside the writes, and smaller.
      assert.ok(Math.abs(more) < 0.2 * BYTES, `${more} bytes more`);
      assert.is(proposed.acksFromObservers, 0);
      assert.ok(proposed.observerFsyncsPerWrite! > 0, 'it logs what is committed');
    }
    assert.ok(Math.abs(informed.observerMessagesPerWrite! - 1) < 0.1, `${informed.observerMessagesPerWrite}`);
  },
  { deadlineMs: 180_000 },
);
