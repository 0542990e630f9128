import { assert, suite } from '#test';
import {
  CLIENT_PORT,
  ELECTION_PORT,
  MemoryEnsemble,
  nameOf,
  OBSERVER_MASTER_PORT,
  QUORUM_PORT,
  writeFile,
  ZOO_CFG,
} from '../../memory-ensemble.test-kit.ts';
import { TestAuthority } from '../../runtime/tls/certificates.test-kit.ts';
import { changeOneByOne, type Lines, writesReach } from '../changed-members.test-kit.ts';
import { type JaasPlan, jaasText } from './sasl.test-kit.ts';

const test = suite('security: ensembles with SASL in virtual time');

const JAAS = '/conf/jaas.conf';

const linesOf = (enabled: boolean, learner: boolean, server: boolean): Lines => ({
  'quorum.auth.enableSasl': `${enabled}`,
  'quorum.auth.learnerRequireSasl': `${learner}`,
  'quorum.auth.serverRequireSasl': `${server}`,
});
const OFF = linesOf(false, false, false);
const ENABLED = linesOf(true, false, false);
const LEARNERS = linesOf(true, true, false);
const REQUIRED = linesOf(true, true, true);

/** Three voters and an observer. */
function ensembleWith(lines: Lines, jaasOf: (sid: number) => JaasPlan = () => ({})): MemoryEnsemble {
  const ensemble = new MemoryEnsemble({
    voters: 3,
    observers: 1,
    filesOnDisk: true,
    systemProperties: new Map([['java.security.auth.login.config', JAAS]]),
    settings: { observerMasterPort: OBSERVER_MASTER_PORT, ...lines },
  });
  for (const [sid, { disk }] of ensemble.machines) writeFile(disk, JAAS, jaasText(jaasOf(sid)));
  return ensemble;
}

const refusals = (ensemble: MemoryEnsemble, sid: number) =>
  ensemble.log.get(sid)!.filter(({ fields }) => fields.code === 'ZK_SASL_PEER');

test('members elect, follow, observe and write with SASL, and a stranger gets one line in the log and no answer', () => {
  const ensemble = ensembleWith(REQUIRED).start();
  writesReach(ensemble, 'proven');
  for (const sid of ensemble.sids) assert.equal(refusals(ensemble, sid), []);
  const { leader } = ensemble;
  // An initial message of server 3, and a vote; the packet of a learner.
  const vote = Buffer.from(`ffffffffffff00000000000000000003000000037a3a310000002800000000`, 'hex');
  const info = Buffer.from('0000000b0000000000000000ffffffff00000000', 'hex');
  for (const [name, port, bytes] of [
    ['election port', ELECTION_PORT, vote],
    ['quorum port', QUORUM_PORT, info],
    ['observer master port', OBSERVER_MASTER_PORT, info],
  ] as const) {
    const stranger = ensemble.dial(leader, port);
    stranger.write(bytes);
    stranger.untilClosed();
    assert.is(stranger.received.length, 0, name);
    const [line] = refusals(ensemble, leader).filter(({ message }) => message.startsWith(name));
    assert.match(line?.message ?? '', /: a peer is refused: it does not authenticate/);
  }
  assert.is(refusals(ensemble, leader).length, 3);
  ensemble.kill(leader);
  ensemble.wait(() => ensemble.leader > 0 && ensemble.leader !== leader, 'another leader');
  ensemble.boot(leader);
  ensemble.waitServing(...ensemble.sids);
  writesReach(ensemble, 'after-failover');
});

test('a voter with a wrong password and an observer with an unknown user stay out, with lines on both sides', () => {
  const ensemble = ensembleWith(REQUIRED, sid =>
    sid === 3 ? { password: 'wrong' } : sid === 4 ? { user: 'stranger' } : {},
  );
  ensemble.boot();
  ensemble.waitServing(1, 2);
  ensemble.time.runUntil(() => false, ensemble.time.nowMs + 20_000);
  writesReach(ensemble, 'without-them', [1, 2]);
  const said = [1, 2].flatMap(sid => refusals(ensemble, sid).map(({ message }) => message)).join('\n');
  assert.match(said, /election port: a peer is refused: its password for user member is wrong/);
  assert.match(said, /election port: a peer is refused: user stranger is not known here/);
  for (const sid of [3, 4]) {
    assert.is(ensemble.server(sid).view.serving, null);
    const lines = refusals(ensemble, sid).filter(({ message }) => message.startsWith('no SASL with'));
    const members = lines.map(({ fields }) => fields.member);
    assert.is(new Set(members).size, members.length, `one line for each member: ${members}`);
    assert.match(lines[0]?.message ?? '', /it does not accept the user and the password of this server$/);
  }
});

test('a voter that lacks the password of the others refuses them, and stays out', () => {
  const ensemble = ensembleWith(REQUIRED, sid => (sid === 1 ? { known: { member: 'other' } } : {}));
  ensemble.boot(1, 2, 3);
  ensemble.waitServing(2, 3);
  ensemble.time.runUntil(() => false, ensemble.time.nowMs + 5000);
  assert.is(ensemble.server(1).view.serving, null);
  assert.match(
    refusals(ensemble, 1)
      .map(({ message }) => message)
      .join('\n'),
    /election port: a peer is refused: its password for user member is wrong/,
  );
  writesReach(ensemble, 'two', [2, 3]);
});

test('an ensemble takes the three steps to SASL and back, one member at a time, while a quorum serves', () => {
  const ensemble = ensembleWith(OFF).start();
  changeOneByOne(ensemble, [ENABLED, LEARNERS, REQUIRED, LEARNERS, ENABLED, OFF]);
  for (const sid of ensemble.sids) assert.equal(refusals(ensemble, sid), []);
});

test('an observer with the smallest id joins voters that dial it back with SASL (ZOOKEEPER-4886)', () => {
  const ensemble = ensembleWith(REQUIRED);
  const servers = ensemble.sids.map(
    sid => `server.${sid}=${nameOf(sid)}:${QUORUM_PORT}:${ELECTION_PORT}${sid === 1 ? ':observer' : ''}`,
  );
  for (const [sid, { disk }] of ensemble.machines) {
    const lines = [
      'dataDir=/data',
      `clientPort=${CLIENT_PORT}`,
      'tickTime=200',
      'initLimit=10',
      'syncLimit=5',
    ];
    if (sid === 1) lines.push('peerType=observer');
    lines.push(
      'preAllocSize=64',
      ...Object.entries(REQUIRED).map(([key, value]) => `${key}=${value}`),
      ...servers,
    );
    writeFile(disk, ZOO_CFG, `${lines.join('\n')}\n`);
    writeFile(disk, '/data/myid', `${sid}`);
  }
  ensemble.boot(2, 3, 4);
  ensemble.waitServing(2, 3, 4);
  ensemble.boot(1);
  ensemble.waitServing(1);
  assert.is(ensemble.server(1).view.serving?.mode, 'observer');
  writesReach(ensemble, 'small');
  for (const sid of ensemble.sids) assert.equal(refusals(ensemble, sid), []);
});

test('SASL runs within TLS', () => {
  const authority = new TestAuthority('ours');
  const ensemble = ensembleWith({
    ...REQUIRED,
    sslQuorum: 'true',
    'ssl.quorum.keyStore.location': '/tls/key.pem',
    'ssl.quorum.trustStore.location': '/tls/trust.pem',
  });
  for (const [sid, { disk }] of ensemble.machines) {
    const { certificate, privateKey } = authority.issue(nameOf(sid), nameOf(sid));
    writeFile(disk, '/tls/key.pem', privateKey + certificate);
    writeFile(disk, '/tls/trust.pem', authority.certificate);
  }
  ensemble.start();
  writesReach(ensemble, 'both');
});

test('a leader that resigns for a later epoch asks for it with SASL', () => {
  const ensemble = ensembleWith(REQUIRED).start();
  const { leader } = ensemble;
  const other = [1, 2, 3].find(sid => sid !== leader)!;
  ensemble.kill(other);
  // The state after an election in which only this server took part.
  const epochs = '/data/version-2/acceptedEpoch';
  const { disk } = ensemble.machine(other);
  const accepted = Number(disk.read(epochs).toString()) + 3;
  writeFile(disk, epochs, `${accepted}`);
  ensemble.boot(other);
  ensemble.waitServing(other);
  ensemble.waitServing(...ensemble.sids);
  assert.ok(ensemble.server(other).view.peer!.epochs.currentEpoch > accepted);
  for (const sid of ensemble.sids) assert.equal(refusals(ensemble, sid), []);
});
