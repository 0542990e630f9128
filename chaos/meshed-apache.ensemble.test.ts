/** Faults of links on Apache's own servers, which dial through a SOCKS server that reads their link maps. */
import { assert, quickJava, requirePeer, suite, temporaryFolder, until } from '#test';
import { APACHE_RELEASE } from '../bench/hosts/apache/cache.ts';
import { findApacheZooKeeper } from '../bench/hosts/apache-zookeeper.ts';
import { formatAddress } from '../bench/hosts/ports.ts';
import { identityOf } from '../bench/hosts/process-identity.ts';
import { ZkClient } from '../bench/load/client/client.ts';
import type { Ensemble } from '../bench/topology/ensemble.ts';
import { fourLetterWord, parseSrvr } from '../bench/topology/four-letter.ts';
import type { NamedImplementation } from '../bench/topology/implementation.ts';
import { readTopology } from '../bench/topology/read-topology.ts';
import { SeededRandom } from '../server/runtime/seeded-random.ts';
import { SERVER_VERSION } from '../server/version.ts';
import { blackhole } from './faults/blackhole.ts';
import { rollingRestart } from './faults/rolling-restart.ts';
import { startMeshedEnsemble } from './meshed-ensemble.ts';

const test = suite('meshed ensemble of Apache');
const SETTLED = { deadlineMs: 90_000 };
const OWN_RELEASE = findApacheZooKeeper()?.version.split('-', 1)[0];
const UPGRADES: readonly (readonly [into: NamedImplementation, version: string | undefined])[] = [
  [`apache@${APACHE_RELEASE}`, APACHE_RELEASE],
  ['zklab', SERVER_VERSION.split('-', 1)[0]],
  ['apache', OWN_RELEASE],
];

test(
  'a cut between the leader and a follower bites on Apache: that follower alone leaves, and comes back; then all members are upgraded, become ours, and go back',
  async () => {
    requirePeer('apache zookeeper', findApacheZooKeeper(), 'its links are cut');
    requirePeer(
      `apache zookeeper ${APACHE_RELEASE}`,
      findApacheZooKeeper(APACHE_RELEASE),
      'members become it',
    );
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

      for (const [into, version] of UPGRADES) {
        const upgrade = await rollingRestart({ into }).inject(context);
        assert.ok((await upgrade.proveBite()).bit, into);
        await upgrade.heal();
        await ensemble.ready();
        assert.equal([...(await versionsOf(ensemble))], [version]);
        assert.equal(await directDials(ensemble), [], `${into} dials through the proxies`);
      }
      const reader = await ZkClient.connect(other!.ownAddress);
      assert.ok((await reader.exists('/under-the-cut')) !== null);
      await reader.close();
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

/** The numbers of the releases that its members say they are, without the commit. */
async function versionsOf({ members }: Ensemble): Promise<Set<string | undefined>> {
  const said = await Promise.all(members.map(({ plan }) => fourLetterWord(plan.ports.client, 'srvr')));
  return new Set(said.map(text => parseSrvr(text)?.version.split('-', 1)[0]));
}

/** Connections that lead straight to a port between members, as the kernel knows them. */
async function directDials({ members }: Ensemble): Promise<string[]> {
  const ports = members.flatMap(({ plan: { ports } }) => [ports.quorum, ports.election]).map(formatAddress);
  const sockets = await members[0]!.host.tcpSockets(members.map(({ pid }) => pid));
  requirePeer('ss', sockets, 'it tells whom Apache dials');
  return sockets!.map(({ remote }) => remote).filter(remote => ports.includes(remote));
}
