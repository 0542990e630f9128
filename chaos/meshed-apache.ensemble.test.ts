/** Faults of links on Apache's own servers, which dial through a SOCKS server that reads their link maps. */
import { assert, quickJava, requirePeer, suite, temporaryFolder, until } from '#test';
import { findApacheZooKeeper } from '../bench/hosts/apache-zookeeper.ts';
import { formatAddress } from '../bench/hosts/ports.ts';
import { identityOf } from '../bench/hosts/process-identity.ts';
import { ZkClient } from '../bench/load/client.ts';
import type { Ensemble } from '../bench/topology/ensemble.ts';
import { readTopology } from '../bench/topology/read-topology.ts';
import { SeededRandom } from '../server/runtime/seeded-random.ts';
import { blackhole } from './faults/blackhole.ts';
import { startMeshedEnsemble } from './meshed-ensemble.ts';

const test = suite('meshed ensemble of Apache');
const SETTLED = { deadlineMs: 90_000 };

test(
  'a cut between the leader and a follower bites on Apache: that follower alone leaves, and comes back',
  async () => {
    requirePeer('apache zookeeper', findApacheZooKeeper(), 'its links are cut');
    const meshed = await startMeshedEnsemble(readTopology('voters=3 server=apache'), {
      folder: temporaryFolder(),
      javaFlags: quickJava(128),
    });
    const { ensemble, mesh, client, faultMembers, toxiproxy } = meshed;
    const pids = [toxiproxy.pid!, ...ensemble.members.map(({ pid }) => pid)];
    try {
      assert.equal(await directDials(ensemble), [], 'no member dials another one past the proxies');
      const leader = await ensemble.leaderWithin();
      const [follower, other] = ensemble.members.filter(member => member !== leader);
      const select = { from: { name: follower!.name }, to: { role: 'leader' }, both: true } as const;
      const context = { client, mesh, members: faultMembers, random: new SeededRandom(1) };
      const fault = await blackhole({ select }).inject(context);
      assert.ok(fault.links.includes(`${follower!.name}.${leader.name}.quorum`));
      const proof = await fault.proveBite();
      assert.ok(proof.bit, JSON.stringify(proof));
      await until(async () => (await follower!.mode()) !== 'follower', { ...SETTLED, what: 'it to leave' });
      const writer = await ZkClient.connect(other!.ownAddress);
      await writer.create('/under-the-cut', '');
      await writer.close();
      assert.equal([await leader.mode(), await other!.mode()], ['leader', 'follower']);
      await fault.heal();
      await ensemble.ready();
      process.kill(meshed.socksPid!, 'SIGKILL');
      const lost = async () => (await meshed.whyLost()) !== undefined;
      await until(lost, { ...SETTLED, what: 'the loss of the SOCKS servers to be noticed' });
      assert.match((await meshed.whyLost())!, /^the SOCKS servers of Apache's members .* signal SIGKILL$/);
    } finally {
      await meshed.stop();
    }
    assert.equal(
      pids.filter(pid => identityOf(pid)),
      [],
    );
  },
  { deadlineMs: 300_000 },
);

/** Connections that lead straight to a port between members, as the kernel knows them. */
async function directDials({ members }: Ensemble): Promise<string[]> {
  const ports = members.flatMap(({ plan: { ports } }) => [ports.quorum, ports.election]).map(formatAddress);
  const sockets = await members[0]!.host.tcpSockets(members.map(({ pid }) => pid));
  requirePeer('ss', sockets, 'it tells whom Apache dials');
  return sockets!.map(({ remote }) => remote).filter(remote => ports.includes(remote));
}
