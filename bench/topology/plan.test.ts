import { assert, suite } from '#test';
import type { Host } from '../hosts/host.ts';
import { LOCAL_HOST } from '../hosts/local-host.ts';
import { type MemberPorts, USUAL_PORTS } from '../hosts/ports.ts';
import { planEnsemble } from './plan.ts';
import { readTopology } from './read-topology.ts';

const test = suite('plan of an ensemble');

test('each host gives its members addresses and folders; all share the port of observer masters', async () => {
  const [a, b] = [hostNamed('a', 41_000), hostNamed('b', 42_000)];
  const hostOf = ({ name }: { name: string }) => (name === 'v2' ? b : a);
  const topology = readTopology('voters=3 observers=1 masters=on');
  const { members } = await planEnsemble(topology, '/lab', { hostOf });
  assert.equal(
    members.map(({ ports, cfgFile, logFile }) => [ports.client.host, cfgFile, logFile]),
    [
      ['a.1', '/a/lab/v1/zoo.cfg', '/lab/v1/member.log'],
      ['b.1', '/b/lab/v2/zoo.cfg', '/lab/v2/member.log'],
      ['a.2', '/a/lab/v3/zoo.cfg', '/lab/v3/member.log'],
      ['a.3', '/a/lab/o1/zoo.cfg', '/lab/o1/member.log'],
    ],
  );
  assert.equal([...new Set(members.map(({ ports }) => ports.observerMaster.port))], [41_000]);
});

test('a budget is refused when the host of that member gives none', async () => {
  const poor = { ...hostNamed('b', 1), noBudget: () => 'b has no cgroups' };
  const hostOf = ({ name }: { name: string }) => (name === 'v2' ? poor : hostNamed('a', 1));
  const plan = planEnsemble(readTopology('voters=2 budget=0.5'), '/lab', { hostOf });
  assert.match(await plan.then(String, String), /budget of v2: b has no cgroups; leave the budget out/);
});

test('a limit of a link is refused for members that run elsewhere, before anything is made', async () => {
  const plan = planEnsemble(readTopology('voters=2 bandwidth=1gbit'), '/lab', {
    hostOf: () => hostNamed('a', 1),
  });
  assert.match(
    await plan.then(String, String),
    /bandwidth of v1: it limits members of this machine alone, and some run elsewhere; leave the bandwidth out/,
  );
});

/** A host that exists only on paper. */
function hostNamed(name: string, observerMasterPort: number): Host {
  return {
    ...LOCAL_HOST,
    name,
    noBudget: () => undefined,
    folderFor: folder => `/${name}${folder}`,
    addresses: async (count, { observerMaster = observerMasterPort } = {}) =>
      Array.from({ length: count }, (_, index) => portsAt(`${name}.${index + 1}`, observerMaster)),
  };
}

function portsAt(host: string, observerMaster: number): MemberPorts {
  const ports = { ...USUAL_PORTS, observerMaster };
  const entries = Object.entries(ports).map(([kind, port]) => [kind, { host, port }]);
  return Object.fromEntries(entries) as unknown as MemberPorts;
}
