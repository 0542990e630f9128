/** Two faults on one member of a real ensemble, of which the second heals first. */
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, suite, temporaryFolder } from '#test';
import { readTopology } from '../../bench/topology/read-topology.ts';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { startMeshedEnsemble } from '../meshed-ensemble.ts';
import { readFault } from './index.ts';

const test = suite('faults that overlap on one member');
const NOWHERE = { at: () => 'a test', within: () => NOWHERE } as never;
/** As long as a wrong restart on a broken disk took to end (the night of 2026-12-01, run 5). */
const LOOK_MS = 1_000;

test(
  'a heal restarts no member whose disk another fault keeps broken; it comes back with the last heal, and no end counts',
  async () => {
    const meshed = await startMeshedEnsemble(readTopology('voters=3'), { folder: temporaryFolder() });
    const { ensemble, faultMembers, client, mesh } = meshed;
    try {
      const context = { client, mesh, members: faultMembers, random: new SeededRandom(1) };
      const [member] = faultMembers;
      const inject = (fault: string) =>
        readFault({ fault, target: { name: member!.name } }, NOWHERE).inject(context);
      for (const fault of ['flipped-byte', 'failing-sync']) {
        const broken = await inject(fault);
        const kill = await inject('kill');
        await kill.heal();
        await sleep(LOOK_MS);
        assert.is(member!.stateOf(member!.pid), 'gone', `${fault}: nobody has restarted it`);
        await broken.heal();
        await ensemble.ready();
      }
      assert.equal(ensemble.deaths, []);
    } finally {
      await meshed.stop();
    }
  },
  { deadlineMs: 300_000 },
);
