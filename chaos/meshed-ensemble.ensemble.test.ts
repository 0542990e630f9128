/** Faults on our own servers: members stop hearing what the mesh cuts. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder, until } from '#test';
import type { Host, StartOptions } from '../bench/hosts/host.ts';
import { LOCAL_HOST } from '../bench/hosts/local-host.ts';
import { identityOf } from '../bench/hosts/process-identity.ts';
import { ZkClient } from '../bench/load/client/client.ts';
import { readTopology } from '../bench/topology/read-topology.ts';
import { SeededRandom } from '../server/runtime/seeded-random.ts';
import { blackhole } from './faults/blackhole.ts';
import type { FaultContext } from './faults/context.ts';
import { kill } from './faults/kill.ts';
import { refuse } from './faults/refuse.ts';
import { type MeshedEnsemble, type MeshedOptions, startMeshedEnsemble } from './meshed-ensemble.ts';

const test = suite('meshed ensemble');
const DEADLINE = { deadlineMs: 300_000 };
const SETTLED = { deadlineMs: 90_000 };

test(
  'observers behind masters receive writes through proxies, and again after a refused link is healed',
  async () => {
    await withMesh('voters=3 observers=1 masters=on', {}, async meshed => {
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
    await withMesh('voters=3', {}, async meshed => {
      const { ensemble } = meshed;
      const leader = await ensemble.leaderWithin();
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
    await withMesh('voters=3', {}, async meshed => {
      const { ensemble } = meshed;
      const leader = await ensemble.leaderWithin();
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

test(
  'members on a second host are started, cut, killed and stopped through that host alone',
  async () => {
    const { host, started, asked, root, addresses } = secondHost();
    const hostOf: MeshedOptions['hostOf'] = ({ name }) => (name === 'v1' ? LOCAL_HOST : host);
    await withMesh('voters=3 observers=1 masters=on', { hostOf }, async meshed => {
      const { ensemble, mesh } = meshed;
      assert.equal(started.map(({ cwd }) => cwd.replace(/.*\//, '')).sort(), ['o1', 'v2', 'v3']);
      assert.ok(started.every(({ cwd, command }) => cwd.startsWith(root) && command.file === '/usr/bin/env'));
      assert.equal(readdirSync(join(ensemble.plan.folder, 'v2')), ['member.log']);
      assert.is(new Set(ensemble.plan.members.map(({ ports }) => ports.observerMaster.port)).size, 1);
      for (const { from, to, proxied, address } of mesh.links) {
        const dialsFrom = from === 'v1' || from === 'client' ? '127.0.0.1' : host.labAddress;
        assert.match(proxied, new RegExp(`^${dialsFrom}:`), from);
        assert.is(addresses.has(address.split(':', 1)[0]!), to !== 'v1', to);
      }

      const client = await ZkClient.connect(ensemble.member('v2').ownAddress);
      const select = { from: { name: 'o1' }, to: 'any' } as const;
      const cut = await blackhole({ select }).inject(contextOf(meshed));
      assert.ok((await cut.proveBite()).bit);
      await client.create('/x');
      await cut.heal();
      await ensemble.ready();
      const killed = await kill({ target: { name: 'v3' } }).inject(contextOf(meshed));
      await killed.heal();
      await ensemble.ready();
      await client.close();
      assert.ok(ensemble.member('v3').usage() !== null);
    });
    for (const what of ['reap', 'write', 'signal', 'state', 'usage']) assert.ok(asked.has(what), what);
  },
  DEADLINE,
);

/** This machine as if it were another: with its own addresses, folders, server and way to the lab. */
function secondHost() {
  const root = temporaryFolder();
  const started: StartOptions[] = [];
  const asked = new Set<string>();
  const addresses = new Set<string>();
  const inside = (path: string) => {
    assert.ok(path.startsWith(root), `${path} is not on the second host`);
    asked.add('write');
    return path;
  };
  const noted =
    <A extends unknown[], R>(what: string, ask: (...args: A) => R) =>
    (...args: A): R => {
      asked.add(what);
      return ask(...args);
    };
  const host: Host = {
    ...LOCAL_HOST,
    name: 'the second host',
    labAddress: '127.0.0.9',
    async addresses(count, options) {
      const given = await LOCAL_HOST.addresses(count, options);
      for (const { quorum } of given) addresses.add(quorum.host);
      return given;
    },
    folderFor: labFolder => join(root, labFolder.replaceAll('/', '-')),
    zklabServer() {
      const { file, args } = LOCAL_HOST.zklabServer();
      return { file: '/usr/bin/env', args: [file, ...args] };
    },
    start(options) {
      started.push(options);
      return LOCAL_HOST.start(options);
    },
    makeFolder: path => LOCAL_HOST.makeFolder(inside(path)),
    writeFile: (path, text) => LOCAL_HOST.writeFile(inside(path), text),
    signal: noted('signal', LOCAL_HOST.signal),
    stateOf: noted('state', LOCAL_HOST.stateOf),
    usage: noted('usage', LOCAL_HOST.usage),
    reap: noted('reap', LOCAL_HOST.reap),
  };
  return { host, started, asked, root, addresses };
}

function contextOf({ client, mesh, faultMembers }: MeshedEnsemble): FaultContext {
  return { client, mesh, members: faultMembers, random: new SeededRandom(1) };
}

async function withMesh(
  form: string,
  options: Pick<MeshedOptions, 'hostOf'>,
  body: (meshed: MeshedEnsemble) => Promise<void>,
): Promise<void> {
  const folder = temporaryFolder();
  const meshed = await startMeshedEnsemble(readTopology(form), { folder, ...options });
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
