import { suite } from '#test';
import { type Case, checkCase, everywhere } from './corpus.test-kit.ts';

/**
 * Whole configurations that programs write: Kubernetes operators, brokers, databases, roles of Puppet and
 * Ansible.
 */
const test = suite('config: zoo.cfg as programs write it');

const ENSEMBLE = `server.1=zk1:2888:3888
server.2=zk2:2888:3888
server.3=zk3:2888:3888
`;
const HOSTS = ['zk1', 'zk2', 'zk3'];
const LIMITS = 'tickTime=2000\ninitLimit=10\nsyncLimit=5\n';

const corpus: readonly Case[] = [
  {
    name: 'an image of a broker: variables of its environment become keys, also those that mean nothing',
    text: `dataDir=/var/lib/zookeeper/data
dataLogDir=/var/lib/zookeeper/log
clientPort=2181
jute.max.buffer=4000000
autopurge.snap.retain.count=10
${LIMITS}${ENSEMBLE}

`,
    myid: '2\n',
    sid: 2,
    servers: HOSTS,
    means: { juteMaxBufferBytes: 1_048_575, snapRetainCount: 3 },
    warns: [
      /^unknown key jute\.max\.buffer; did you mean jute\.maxbuffer\?$/,
      /^unknown key autopurge\.snap\.retain\.count; did you mean autopurge\.snapRetainCount\?$/,
    ],
  },
  {
    name: 'the first member of an operator: one participant alone, which others will join',
    text: `dataDir=/data
standaloneEnabled=false
reconfigEnabled=true
${LIMITS}dynamicConfigFile=/data/conf/zoo.cfg.dynamic
`,
    dynamic: {
      path: '/data/conf/zoo.cfg.dynamic',
      text: 'server.1=zk-0.zk-headless.default.svc:2888:3888:participant;2181',
    },
    myid: '1',
    sid: 1,
    servers: ['zk-0.zk-headless.default.svc'],
    means: { clientAddress: everywhere(2181) },
    warns: [/1 participants tolerates no failure/],
  },
  {
    name: 'an operator with a proxy for TLS in front: the keys and the line say the same loopback port',
    text: `dataDir=/var/lib/zookeeper/data
clientPort=12181
clientPortAddress=127.0.0.1
standaloneEnabled=false
${LIMITS}server.1=zk1:2888:3888:participant;127.0.0.1:12181
server.2=zk2:2888:3888:participant;127.0.0.1:12181
server.3=zk3:2888:3888:participant;127.0.0.1:12181
`,
    myid: '3',
    sid: 3,
    servers: HOSTS,
    means: { clientAddress: { host: '127.0.0.1', port: 12_181 } },
  },
  {
    name: 'an operator that switches off each restriction by name',
    text: `4lw.commands.whitelist=srvr, mntr
authProvider.x509=
clientPort=2181
dataDir=/data
metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider
metricsProvider.httpPort=9505
sslQuorum=false
${LIMITS}${ENSEMBLE}`,
    myid: '1',
    sid: 1,
    means: { metricsPort: 9505, metricsHost: '0.0.0.0' },
    warns: [/without effect in this server: authProvider\.x509$/],
  },
  {
    name: 'a database that runs its own: sids from 0, escaped colons, keys of its own',
    text: `#Mon Nov 23 10:00:00 UTC 2026
dataDir=/data
clientPort=2181
${LIMITS}server.0=zk1\\:2888\\:3888
server.1=zk2\\:2888\\:3888
server.2=zk3\\:2888\\:3888
peerport=2888
leaderport=3888
`,
    myid: '0',
    sid: 0,
    servers: HOSTS,
    warns: [/^unknown key peerport/, /^unknown key leaderport/],
  },
  {
    name: 'a message queue: directories relative to where it starts, its own admin port',
    text: `${LIMITS}dataDir=data/zookeeper
clientPort=2181
admin.serverPort=9990
forceSync=yes
`,
    means: { dataDir: 'data/zookeeper', adminPort: 9990, forceSync: true },
    warns: [/^dataDir=data\/zookeeper is relative/],
  },
  {
    name: 'a guide for a column store: members in a file of their own, named without a version',
    text: `${LIMITS}dataDir=/zk
dataLogDir=/zk-log
clientPort=2181
standaloneEnabled=false
dynamicConfigFile=/etc/zookeeper/conf/zoo.cfg.dynamic
`,
    dynamic: {
      path: '/etc/zookeeper/conf/zoo.cfg.dynamic',
      text: `# members\r\n${ENSEMBLE.replaceAll('\n', '\r\n')}`,
    },
    myid: '1',
    sid: 1,
    servers: HOSTS,
    means: { dataLogDir: '/zk-log', clientAddress: everywhere(2181) },
  },
  {
    name: 'a role of Puppet: every setting with its default, an observer in the list, oneself by an address',
    text: `${LIMITS}globalOutstandingLimit=1000
dataDir=/var/lib/zookeeper
clientPort=2181
clientPortAddress=10.0.0.010
#secureClientPort=2281
server.1=10.0.0.010:2888:3888
server.2=10.0.0.11:2888:3888
server.3=10.0.0.12:2888:3888
server.4=10.0.0.13:2888:3888:observer
preAllocSize=65536
snapCount=10000
#traceFile=
leaderServes=yes
`,
    myid: '1',
    sid: 1,
    servers: ['10.0.0.10', '10.0.0.11', '10.0.0.12', '10.0.0.13'],
    means: { clientAddress: { host: '10.0.0.10', port: 2181 }, snapCount: 10_000 },
  },
  {
    name: 'a template that ran twice: the last of equal keys, and of equal members, counts',
    text: `tickTime=2000
tickTime=3000
initLimit=10
syncLimit=5
dataDir=/data
clientPort=2181
server.1=old:2888:3888
server.1=zk1:2888:3888
server.2=zk2:2888:3888
server.3=zk3:2888:3888
`,
    myid: '1',
    sid: 1,
    servers: HOSTS,
    means: { tickTimeMs: 3000 },
    warns: [
      /^tickTime is set more than once/,
      /^server\.1 is set more than once, to old:2888:3888 and to zk1/,
    ],
  },
  {
    name: 'YAML by mistake, which is a properties file too',
    text: 'dataDir: /data\nclientPort: 2181\ntickTime: 2000\n',
    means: { dataDir: '/data', clientAddress: everywhere(2181), tickTimeMs: 2000 },
  },
  {
    name: 'a remark behind a value is part of the value',
    text: 'dataDir=/data\nclientPort=2181 # the port\n',
    refused: ['ZK_CONFIG_VALUE', /^clientPort=2181 # the port is not accepted/],
  },
  {
    name: 'an old guide for 3.4: electionAlg=0 is refused',
    text: `dataDir=/data\nclientPort=2181\nelectionAlg=0\n${LIMITS}${ENSEMBLE}`,
    myid: '1',
    refused: ['ZK_CONFIG_VALUE', /^electionAlg=0 is not accepted/],
  },
];

for (const each of corpus) test(`field report C1: ${each.name}`, () => checkCase(each));
