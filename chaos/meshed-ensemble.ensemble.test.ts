/** Faults on our own servers: members stop hearing what the mesh cuts. */
import { existsSync } from 'node:fs';
import { assert, suite, temporaryFolder, until } from '#test';
import { identityOf } from '../bench/hosts/process-identity.ts';
import { ZkClient } from '../bench/load/client.ts';
import { readTopology } from '../bench/topology/read-topology.ts';
import { SeededRandom } from '../server/runtime/seeded-random.ts';
import { blackhole } from './faults/blackhole.ts';
import type { FaultContext } from './faults/context.ts';
import { kill } from './faults/kill.ts';
import { refuse } from './faults/refuse.ts';
import { type MeshedEnsemble, startMeshedEnsemble } from './meshed-ensemble.ts';

const test = suite('meshed ensemble');
const DEADLINE = { deadlineMs: 300_000 };
const SETTLED = { deadlineMs: 90_000 };

test(
  'observers behind masters receive writes through proxies, and again after a refused link is healed',
  async () => {
    await withMesh('voters=3 observers=1 masters=on', async meshed => {
      const { ensemble } = meshed;
      const observer = await ZkClient.connect(ensemble.member('o1').clientAddress);
      const writer = await ZkClient.connect(ensemble.member('v1').clientAddress);
      await writer.create('/seen', 'before');
      await observer.sync('/seen');

      const select = {
        from: { name: 'o1' },
        to: 'any',
        kinds: ['observerMaster', 'quorum', 'election'],
      } as const;
      const fault = await refuse({ select }).inject(contextOf(meshed));
      assert.ok((await fault.proveBite()).bit);
      await until(async () => (await ensemble.member('o1').mode()) !== 'observer', {
        ...SETTLED,
        what: 'o1 cut off',
      });
      await writer.setData('/seen', 'under the fault');
      await fault.heal();
      await ensemble.ready();
      const again = await ZkClient.connect(ensemble.member('o1').clientAddress);
      await again.sync('/seen');
      assert.is(String((await again.getData('/seen')).data), 'under the fault');
      await Promise.all([observer.close(), writer.close(), again.close()]);
    });
  },
  DEADLINE,
);

test(
  'a blackholed leader is deposed by the voters that no longer hear it',
  async () => {
    await withMesh('voters=3', async meshed => {
      const { ensemble } = meshed;
      const leader = await ensemble.leader();
      const select = {
        from: { name: leader.name },
        to: 'any',
        kinds: ['quorum', 'election'],
        both: true,
      } as const;
      const fault = await blackhole({ select }).inject(contextOf(meshed));
      const others = ensemble.members.filter(member => member !== leader);
      const successor = async () =>
        (await Promise.all(others.map(member => member.mode()))).includes('leader');
      await until(successor, { ...SETTLED, what: 'another leader' });
      await fault.heal();
      await ensemble.ready();
    });
  },
  DEADLINE,
);

test(
  'a killed leader comes back behind the same proxies',
  async () => {
    await withMesh('voters=3', async meshed => {
      const { ensemble } = meshed;
      const leader = await ensemble.leader();
      const fault = await kill({ target: { role: 'leader' } }).inject(contextOf(meshed));
      assert.equal([...fault.links], [leader.name]);
      assert.ok((await fault.proveBite()).bit);
      await fault.heal();
      await ensemble.ready();
      const client = await ZkClient.connect(leader.clientAddress);
      await client.create('/back');
      await client.close();
    });
  },
  DEADLINE,
);

function contextOf({ client, mesh, faultMembers }: MeshedEnsemble): FaultContext {
  return { client, mesh, members: faultMembers, random: new SeededRandom(1) };
}

async function withMesh(form: string, body: (meshed: MeshedEnsemble) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  const meshed = await startMeshedEnsemble(readTopology(form), { folder });
  const pids = [meshed.toxiproxy.pid!, ...meshed.ensemble.members.map(({ pid }) => pid)];
  try {
    await body(meshed);
  } finally {
    await meshed.stop();
  }
  assert.equal(
    pids.filter(pid => identityOf(pid)),
    [],
  );
  assert.ok(existsSync(meshed.mesh.linkMapFile('v1')));
}
