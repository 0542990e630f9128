/** Each event that ends a fault, brought about by a real ensemble. */
import { assert, suite, temporaryFolder, until } from '#test';
import { ZkClient } from '../../../bench/load/client/client.ts';
import { readTopology } from '../../../bench/topology/read-topology.ts';
import { EventBus, type RunEvent } from '../../../results/events.ts';
import { SeededRandom } from '../../../server/runtime/seeded-random.ts';
import { startMeshedEnsemble } from '../../meshed-ensemble.ts';
import { blackhole } from '../blackhole.ts';
import { ISOLATE_LEADER } from '../isolate-leader.ts';
import { partition } from '../parts/partition.ts';
import { runNemesis } from './nemesis.ts';
import { watchFor } from './until.ts';

const test = suite('faults: until an event of an ensemble');
const MAX_MS = 60_000;
/** Logs on disk bring nobody back, and memory holds five transactions. */
const SMALL = { snapCount: '30', commitLogCount: '5', snapshotSizeFactor: '-1' };

test(
  'a follower is cut until the leader has snapshotted past the cut, and a leader until there is another one',
  async () => {
    const { members, ...topology } = readTopology('voters=3');
    const small = members.map(member => ({ ...member, settings: { ...member.settings, ...SMALL } }));
    const meshed = await startMeshedEnsemble({ ...topology, members: small }, { folder: temporaryFolder() });
    const done = new AbortController();
    try {
      const { ensemble, faultMembers, client, mesh } = meshed;
      const notes: string[] = [];
      const events = new EventBus([
        (event: RunEvent) => void (event.kind === 'note' && notes.push(event.text)),
      ]);
      const context = { client, mesh, members: faultMembers, random: new SeededRandom(1) };
      const leader = await ensemble.leaderWithin();
      const writes = writeUntil(leader.ownAddress, done.signal);
      const snap = await watchFor('sync-by-snap', faultMembers);
      const select = { from: { role: 'follower', count: 1 }, to: 'others', both: true } as const;
      const cut = { fault: blackhole({ select }), atMs: 0, forMs: MAX_MS, until: 'snapshot' as const };
      const snapshotted = await runNemesis([cut], context, { events });
      assert.equal(snapshotted.voidReasons, []);
      assert.match(notes.at(-1)!, /blackhole at 0 s: snapshot came after/);
      assert.ok((await snap.comes(MAX_MS, undefined)) !== undefined, 'it comes back by SNAP');
      await ensemble.ready();
      done.abort();
      assert.is(await writes, '', 'the leader served throughout');

      const isolated = {
        fault: partition(ISOLATE_LEADER),
        atMs: 0,
        forMs: MAX_MS,
        until: 'election' as const,
      };
      const elected = await runNemesis([isolated], context, { events });
      assert.equal(elected.voidReasons, []);
      assert.match(notes.at(-1)!, /isolate-leader at 0 s: election came after/);
      await ensemble.ready();
      await until(async () => (await leader.mode()) === 'follower', {
        deadlineMs: MAX_MS,
        what: 'its successor',
      });
    } finally {
      done.abort();
      await meshed.stop();
    }
  },
  { deadlineMs: 300_000 },
);

/** Returns what went wrong. */
async function writeUntil(address: string, signal: AbortSignal): Promise<string> {
  try {
    const writer = await ZkClient.connect(address);
    await writer.create('/written', '');
    while (!signal.aborted) await writer.setData('/written', 'x');
    await writer.close();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}
