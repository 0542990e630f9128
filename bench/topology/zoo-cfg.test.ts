import { assert, suite } from '#test';
import { parseConfig } from '../../server/config/server-config.ts';
import { LOCAL_HOST } from '../hosts/local-host.ts';
import { hostsOf, type MemberPorts, USUAL_PORTS } from '../hosts/ports.ts';
import type { EnsemblePlan } from './planned.ts';
import { readTopology } from './read-topology.ts';
import type { Topology } from './topology.ts';
import { topologyOf } from './topology.ts';
import { memberFiles } from './zoo-cfg.ts';

const test = suite('zoo.cfg of members');

test('the whole file of an observer with masters', () => {
  const plan = planOf(readTopology('voters=1 observers=1 masters=on server=apache'));
  const { zooCfg, myid } = memberFiles(plan.members[1]!, plan);
  assert.is(myid, '2\n');
  assert.is(
    zooCfg,
    `tickTime=500
initLimit=20
syncLimit=6
maxClientCnxns=0
standaloneEnabled=false
4lw.commands.whitelist=*
maxSessionTimeout=60000
admin.enableServer=false
dataDir=/runs/o1/data
dataLogDir=/runs/o1/log
peerType=observer
observerMasterPort=2191
server.1=127.5.6.1:2888:3888:participant;127.5.6.1:2181
server.2=127.5.6.2:2888:3888:observer;127.5.6.2:2181
`,
  );
});

test('our own server reads every file as intended, without a warning', () => {
  for (const form of ['voters', 'observers', 'masters']) {
    const plan = planOf(readTopology(form));
    for (const member of plan.members) {
      const { zooCfg, myid } = memberFiles(member, plan);
      const config = parseConfig({ path: member.cfgFile, text: zooCfg, myid });
      assert.equal(config.warnings, [], form);
      assert.equal(config.unknownKeys, []);
      assert.equal(config.clientAddress, member.ports.client);
      assert.is(config.quorum?.sid, member.sid);
      assert.is(config.quorum?.role, member.role);
      assert.is(config.observerMasterPort, form === 'masters' ? 2191 : 0);
      assert.is(config.adminEnabled, false);
    }
  }
});

test("settings of a member replace the lab's, and turn its AdminServer on", () => {
  const topology = topologyOf(
    {
      implementation: 'apache',
      settings: { tickTime: 200 },
      members: [{ settings: { 'admin.enableServer': true } }, { settings: { tickTime: 250 } }],
    },
    'test',
  );
  const plan = planOf(topology);
  const [first, second] = plan.members.map(member => memberFiles(member, plan).zooCfg);
  assert.match(first!, /^tickTime=200$/m);
  assert.match(
    first!,
    /^admin\.enableServer=true\nadmin\.serverAddress=127\.5\.6\.1\nadmin\.serverPort=8080$/m,
  );
  assert.match(second!, /^tickTime=250$/m);
  assert.match(second!, /^admin\.enableServer=false$/m);
  assert.not.match(second!, /tickTime=200/);
});

function planOf(topology: Topology): EnsemblePlan {
  const hosts = hostsOf([5, 6], topology.members.length);
  const members = topology.members.map((member, index) => ({
    ...member,
    host: LOCAL_HOST,
    ports: Object.fromEntries(
      Object.entries(USUAL_PORTS).map(([kind, port]) => [kind, { host: hosts[index]!, port }]),
    ) as unknown as MemberPorts,
    folder: `/runs/${member.name}`,
    cfgFile: `/runs/${member.name}/zoo.cfg`,
    logFile: `/runs/${member.name}/member.log`,
  }));
  return { topology, folder: '/runs', members };
}
