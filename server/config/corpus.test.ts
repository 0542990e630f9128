import { suite } from '#test';
import { type Case, checkCase, everywhere } from './corpus.test-kit.ts';

/** Whole configurations, in the forms that images, operators, distributions and guides write. */
const test = suite('config: a corpus of zoo.cfg');

const corpus: readonly Case[] = [
  {
    name: 'a package of a distribution: the sample, comments and all',
    text: `# milliseconds of a tick
tickTime=2000
# ticks to connect and sync
initLimit=10
syncLimit=5
# not /tmp
dataDir=/var/lib/zookeeper
# Place the dataLogDir to a separate physical disc for better performance
# dataLogDir=/disk2/zookeeper
clientPort=2181
#server.1=zookeeper1:2888:3888
#autopurge.purgeInterval=1

## Metrics Providers
#metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider
`,
    means: {
      tickTimeMs: 2000,
      clientAddress: everywhere(2181),
      dataLogDir: '/var/lib/zookeeper',
      purgeIntervalHours: 0,
    },
  },
  {
    name: 'the official image alone: the client port stands in the only server line',
    text: `dataDir=/data
dataLogDir=/datalog
tickTime=2000
initLimit=5
syncLimit=2
autopurge.snapRetainCount=3
autopurge.purgeInterval=0
maxClientCnxns=60
standaloneEnabled=true
admin.enableServer=true
server.1=localhost:2888:3888;2181
`,
    myid: '1\n',
    means: { quorum: undefined, clientAddress: everywhere(2181), dataLogDir: '/datalog', adminEnabled: true },
  },
  {
    name: 'the official image in an ensemble, with words and a metrics provider',
    text: `dataDir=/data
dataLogDir=/datalog
tickTime=2000
initLimit=5
syncLimit=2
standaloneEnabled=true
admin.enableServer=true
server.1=zoo1:2888:3888;2181
server.2=zoo2:2888:3888;2181
server.3=zoo3:2888:3888;2181
4lw.commands.whitelist=srvr, mntr, ruok
metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider
metricsProvider.httpPort=7070
`,
    myid: '2\n',
    sid: 2,
    servers: ['zoo1', 'zoo2', 'zoo3'],
    means: { clientAddress: everywhere(2181), fourLetterWords: ['srvr', 'mntr', 'ruok'] },
  },
  {
    name: 'a compose file of old: oneself is 0.0.0.0',
    text: `dataDir=/data
clientPort=2181
tickTime=2000
initLimit=5
syncLimit=2
server.1=0.0.0.0:2888:3888
server.2=zoo2:2888:3888
server.3=zoo3:2888:3888
`,
    myid: '1',
    sid: 1,
    servers: ['0.0.0.0', 'zoo2', 'zoo3'],
    means: { clientAddress: everywhere(2181) },
  },
  {
    name: 'an image that writes every setting, at its default or for "off"',
    text: `tickTime=2000
initLimit=10
syncLimit=5
dataDir=/vendor/zookeeper/data
clientPort=2181
maxCnxns=0
maxClientCnxns=0
preAllocSize=65536
snapCount=100000
autopurge.purgeInterval=0
autopurge.snapRetainCount=3
quorumListenOnAllIPs=false
maxSessionTimeout=40000
admin.serverPort=8080
admin.enableServer=true
4lw.commands.whitelist=srvr, mntr
`,
    means: {
      maxClientCnxns: 0,
      maxCnxns: 0,
      purgeIntervalHours: 0,
      maxSessionTimeoutMs: 40_000,
      minSessionTimeoutMs: 4000,
    },
  },
  {
    name: 'a broker beside its zookeeper: three lines',
    text: `# the directory where the snapshot is stored.
dataDir=/tmp/zookeeper
clientPort=2181
maxClientCnxns=0
admin.enableServer=false
# admin.serverPort=8080
`,
    means: { clientAddress: everywhere(2181), adminEnabled: false, tickTimeMs: 3000 },
  },
  {
    name: 'an operator: a static file that points to a dynamic one',
    text: `4lw.commands.whitelist=cons, envi, conf, crst, srvr, stat, mntr, ruok
dataDir=/data
standaloneEnabled=false
reconfigEnabled=true
skipACL=yes
metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider
metricsProvider.httpPort=7000
metricsProvider.exportJvmInfo=true
initLimit=10
syncLimit=2
tickTime=2000
globalOutstandingLimit=1000
preAllocSize=65536
snapCount=10000
commitLogCount=500
snapSizeLimitInKb=4194304
maxCnxns=0
maxClientCnxns=60
minSessionTimeout=4000
maxSessionTimeout=40000
autopurge.snapRetainCount=3
autopurge.purgeInterval=1
quorumListenOnAllIPs=false
admin.serverPort=8080
dynamicConfigFile=/data/zoo.cfg.dynamic
`,
    dynamic: {
      path: '/data/zoo.cfg.dynamic',
      text: `server.1=zk-0.zk-headless.default.svc.cluster.local:2888:3888:participant;2181
server.2=zk-1.zk-headless.default.svc.cluster.local:2888:3888:participant;2181
server.3=zk-2.zk-headless.default.svc.cluster.local:2888:3888:observer;2181
`,
    },
    myid: '3',
    sid: 3,
    role: 'observer',
    means: { clientAddress: everywhere(2181), skipAcl: true, purgeIntervalHours: 1, reconfigEnabled: true },
    warns: [
      /2 participants/,
      /peerType=participant, but the line server.3 says observer/,
      /in this server: metricsProvider.exportJvmInfo$/,
    ],
  },
  {
    name: 'the dynamic file of a reconfiguration: its version is in its name, the port of the static file is gone',
    text: `dataDir=/data
initLimit=10
syncLimit=5
tickTime=2000
standaloneEnabled=false
reconfigEnabled=true
dynamicConfigFile=/conf/zoo.cfg.dynamic.100000000
`,
    dynamic: {
      path: '/conf/zoo.cfg.dynamic.100000000',
      text: 'server.1=10.0.0.1:2888:3888:participant;0.0.0.0:2181\nserver.2=10.0.0.2:2888:3888:participant;0.0.0.0:2181\nserver.3=10.0.0.3:2888:3888:participant;0.0.0.0:2181',
    },
    myid: '1\n',
    sid: 1,
    means: { clientAddress: everywhere(2181) },
  },
  {
    name: 'a StatefulSet of a tutorial: blanks behind the signs, and a key that nobody knows',
    text: `#This file was autogenerated DO NOT EDIT
clientPort=2181
dataDir=/var/lib/zookeeper/data
dataLogDir=/var/lib/zookeeper/data/log
tickTime=2000
initLimit=10
syncLimit=5
maxClientCnxns=60
minSessionTimeout= 4000
maxSessionTimeout= 40000
autopurge.snapRetainCount=3
autopurge.purgeInteval=12
server.1=zk-0.zk-hs.default.svc.cluster.local:2888:3888
server.2=zk-1.zk-hs.default.svc.cluster.local:2888:3888
server.3=zk-2.zk-hs.default.svc.cluster.local:2888:3888
`,
    myid: '1',
    sid: 1,
    means: { minSessionTimeoutMs: 4000, maxSessionTimeoutMs: 40_000, purgeIntervalHours: 0 },
    warns: [/unknown key autopurge.purgeInteval; did you mean autopurge.purgeInterval\?/],
  },
  {
    name: 'a column store: large limits, many connections, ticks without end',
    text: `tickTime=2000
initLimit=300
syncLimit=10
maxClientCnxns=2000
maxSessionTimeout=60000000
dataDir=/var/lib/zookeeper
dataLogDir=/var/log/zookeeper/transactions
clientPort=2181
autopurge.snapRetainCount=10
autopurge.purgeInterval=1
preAllocSize=131072
snapCount=3000000
leaderServes=yes
4lw.commands.whitelist=*
server.1=ch-1:2888:3888
server.2=ch-2:2888:3888
server.3=ch-3:2888:3888
`,
    myid: '2',
    sid: 2,
    means: {
      initLimitMs: 600_000,
      maxSessionTimeoutMs: 60_000_000,
      snapCount: 3_000_000,
      preAllocSizeKiB: 131_072,
      leaderServes: true,
      fourLetterWords: ['*'],
    },
  },
  {
    name: 'a manager of a Hadoop distribution, without Kerberos',
    text: `tickTime=2000
initLimit=10
syncLimit=5
dataDir=/var/lib/zookeeper
dataLogDir=/var/lib/zookeeper
clientPort=2181
maxClientCnxns=60
minSessionTimeout=4000
maxSessionTimeout=40000
autopurge.purgeInterval=24
autopurge.snapRetainCount=5
quorum.auth.enableSasl=false
quorum.cnxn.threads.size=20
admin.enableServer=false
admin.serverPort=5181
server.1=host1.example.com:3181:4181
leaderServes=yes
server.2=host2.example.com:3181:4181
server.3=host3.example.com:3181:4181
`,
    myid: '3\n',
    sid: 3,
    means: { adminEnabled: false, purgeIntervalHours: 24, snapRetainCount: 5 },
    warns: [/without effect in this server: quorum.cnxn.threads.size$/],
  },
  {
    name: 'the same with Kerberos',
    text: `dataDir=/hadoop/zookeeper
clientPort=2181
initLimit=10
syncLimit=5
tickTime=3000
authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider
jaasLoginRenew=3600000
kerberos.removeHostFromPrincipal=true
kerberos.removeRealmFromPrincipal=true
server.1=host1:2888:3888
server.2=host2:2888:3888
server.3=host3:2888:3888
`,
    myid: '1',
    refused: ['ZK_CONFIG_RESTRICTION', /authProvider\.1=\S*SASLAuthenticationProvider \(clients prove/],
  },
  {
    name: 'an operator that encrypts everything',
    text: `clientPort=12181
clientPortAddress=127.0.0.1
dataDir=/var/lib/zookeeper/data
tickTime=2000
initLimit=5
syncLimit=2
standaloneEnabled=false
reconfigEnabled=true
sslQuorum=true
secureClientPort=2181
serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory
ssl.keyStore.location=/tmp/zookeeper/cluster.keystore.p12
ssl.keyStore.password=secret
ssl.clientAuth=need
authProvider.x509=org.apache.zookeeper.server.auth.X509AuthenticationProvider
server.1=zk-0:2888:3888:participant;127.0.0.1:12181
server.2=zk-1:2888:3888:participant;127.0.0.1:12181
server.3=zk-2:2888:3888:participant;127.0.0.1:12181
`,
    myid: '1',
    refused: ['ZK_CONFIG_RESTRICTION', /secureClientPort=2181 .*authProvider\.x509=/],
  },
  {
    name: 'a database of its own: one server line with the sid 0, written by a program',
    text: `#written by a program
#Mon Nov 23 10:00:00 UTC 2026
clientPort=2181
dataDir=/tmp/hbase-root/zookeeper
initLimit=10
syncLimit=5
maxClientCnxns=300
server.0=localhost\\:2888\\:3888
`,
    means: { quorum: undefined, clientAddress: everywhere(2181), maxClientCnxns: 300 },
  },
  {
    name: 'a search engine: spaces around the signs, groups and weights',
    text: `tickTime = 2000
dataDir : /var/lib/zookeeper
clientPort	2181
initLimit=5
syncLimit=2
server.1 = zoo1:2888:3888
server.2 = zoo2:2888:3888
server.3 = zoo3:2888:3888
group.1 = 1:2:3
weight.1 = 1
`,
    myid: '1',
    sid: 1,
    servers: ['zoo1', 'zoo2', 'zoo3'],
  },
  {
    name: 'lines of Windows, a blank at an end, a tab at a start, and a last line that does not end',
    text: 'dataDir=/var/lib/zk \r\n\tclientPort=2181\t\r\n\r\n! an old comment\r\ntickTime=2000',
    means: { dataDir: '/var/lib/zk', clientAddress: everywhere(2181), tickTimeMs: 2000 },
  },
  {
    name: 'IPv6 throughout',
    text: `dataDir=/data
tickTime=2000
initLimit=5
syncLimit=2
server.1=[2001:db8::1]:2888:3888;[2001:db8::1]:2181
server.2=[2001:db8::2]:2888:3888;[::]:2181
server.3=[fe80::3%eth0]:2888:3888;2181
`,
    myid: '1',
    sid: 1,
    servers: ['2001:db8:0:0:0:0:0:1', '2001:db8:0:0:0:0:0:2', 'fe80:0:0:0:0:0:0:3%eth0'],
    means: { clientAddress: { host: '2001:db8:0:0:0:0:0:1', port: 2181 } },
  },
  {
    name: 'an observer of another data centre, behind observer masters',
    text: `dataDir=/data
clientPort=2181
tickTime=2000
initLimit=5
syncLimit=2
peerType=observer
observerMasterPort=2191
server.1=a:2888:3888
server.2=b:2888:3888
server.3=c:2888:3888
server.4=d:2888:3888:observer
`,
    myid: '4',
    sid: 4,
    role: 'observer',
    means: { observerMasterPort: 2191, clientAddress: everywhere(2181) },
  },
  {
    name: 'a template that was not filled in',
    text: `dataDir=/data\nclientPort=2181\ntickTime=\${ZOO_TICK_TIME}\n`,
    refused: ['ZK_CONFIG_VALUE', /^tickTime=\$\{ZOO_TICK_TIME\} is not accepted; accepted is an integer/],
  },
  {
    name: 'another, in a directory',
    text: `dataDir=\${DATA_DIR}\nclientPort=2181\n`,
    means: { dataDir: '$' + '{DATA_DIR}' },
    warns: [/^dataDir=\$\{DATA_DIR\} is relative to the directory that the server is started in$/],
  },
  {
    name: 'an audit log, for an auditor',
    text: 'dataDir=/data\nclientPort=2181\naudit.enable=true\n',
    refused: ['ZK_CONFIG_RESTRICTION', /audit\.enable=true \(an audit log is kept\)/],
  },
  {
    name: 'the default provider of metrics, by its name',
    text: `dataDir=/data
clientPort=2181
metricsProvider.className=org.apache.zookeeper.metrics.impl.DefaultMetricsProvider
`,
    means: { clientAddress: everywhere(2181) },
  },
  {
    name: 'a provider that this server does not have',
    text: 'dataDir=/data\nclientPort=2181\nmetricsProvider.className=com.example.Metrics\n',
    warns: [/^metricsProvider\.className=com\.example\.Metrics: this server has no such provider/],
  },
  {
    name: 'a guide to tuning: units and separators in system properties',
    text: `dataDir=/data
clientPort=2181
jute.maxbuffer=0x9fffff
snapCount=100,000
preAllocSize=64M
fsync.warningthresholdms=20ms
globalOutstandingLimit=
`,
    means: {
      juteMaxBufferBytes: 0x9fffff,
      snapCount: 100_000,
      preAllocSizeKiB: 65_536,
      fsyncWarningThresholdMs: 1000,
      globalOutstandingLimit: 1000,
    },
    warns: [
      /^globalOutstandingLimit= is not accepted.* the default, 1000, is used/,
      /^snapCount=100,000 is not accepted.* the default, 100000, is used/,
      /^preAllocSize=64M is not accepted.* the default, 65536, is used/,
      /^fsync.warningthresholdms=20ms is not accepted.* the default, 1000, is used/,
    ],
  },
];

for (const each of corpus) test(`field report C1: ${each.name}`, () => checkCase(each));
