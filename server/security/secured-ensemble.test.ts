import { assert, suite } from '#test';
import {
  ELECTION_PORT,
  MemoryEnsemble,
  nameOf,
  OBSERVER_MASTER_PORT,
  QUORUM_PORT,
} from '../memory-ensemble.test-kit.ts';
import { TestAuthority } from '../runtime/tls/certificates.test-kit.ts';
import { changeOneByOne, type Lines, writesReach } from './changed-members.test-kit.ts';
import { write } from './stores/stores.test-kit.ts';

const test = suite('security: ensembles with TLS in virtual time');

const AUTHORITY = new TestAuthority('ours');
const OTHERS = new TestAuthority('others');
const TLS = { sslQuorum: 'true', portUnification: 'false' };

/** Three voters and an observer, each with a certificate for its host. */
function ensembleWith(
  lines: Lines,
  issuerOf: (sid: number) => TestAuthority = () => AUTHORITY,
): MemoryEnsemble {
  const ensemble = new MemoryEnsemble({
    voters: 3,
    observers: 1,
    filesOnDisk: true,
    settings: {
      'ssl.quorum.keyStore.location': '/tls/key.pem',
      'ssl.quorum.trustStore.location': '/tls/trust.pem',
      observerMasterPort: OBSERVER_MASTER_PORT,
      ...lines,
    },
  });
  for (const [sid, { disk }] of ensemble.machines) {
    const { certificate, privateKey } = issuerOf(sid).issue(nameOf(sid), nameOf(sid));
    disk.makeDirectory('/tls');
    write(disk, '/tls/key.pem', privateKey + certificate);
    write(disk, '/tls/trust.pem', AUTHORITY.certificate);
  }
  return ensemble;
}

test('members elect, follow, observe and write over TLS, and a stranger in plain text gets one line in the log and no answer', () => {
  const ensemble = ensembleWith(TLS).start();
  writesReach(ensemble, 'secured');
  const { leader } = ensemble;
  for (const [name, port] of [
    ['election port', ELECTION_PORT],
    ['quorum port', QUORUM_PORT],
    ['observer master port', OBSERVER_MASTER_PORT],
  ] as const) {
    const stranger = ensemble.dial(leader, port);
    assert.ok(stranger.closed !== null && !stranger.connected, name);
    const line = ensemble.log
      .get(leader)!
      .find(({ message }) => message.startsWith(`${name}: a peer is refused`));
    assert.match(line?.message ?? '', /it does not speak TLS$/);
    assert.is(line?.fields.code, 'ZK_TLS_PEER');
  }
  ensemble.kill(leader);
  ensemble.wait(() => ensemble.leader > 0 && ensemble.leader !== leader, 'another leader');
  ensemble.boot(leader);
  ensemble.waitServing(...ensemble.sids);
  writesReach(ensemble, 'after-failover');
});

test('a voter and an observer with certificates of another authority stay out, and each dial has one line', () => {
  const ensemble = ensembleWith(TLS, sid => (sid >= 3 ? OTHERS : AUTHORITY));
  ensemble.boot();
  ensemble.waitServing(1, 2);
  ensemble.time.runUntil(() => false, ensemble.time.nowMs + 20_000);
  writesReach(ensemble, 'without-them', [1, 2]);
  for (const sid of [3, 4]) {
    assert.is(ensemble.server(sid).view.serving, null);
    const lines = ensemble.log.get(sid)!.filter(({ message }) => message.startsWith('no TLS with'));
    const members = lines.map(({ fields }) => fields.member);
    assert.is(new Set(members).size, members.length, `one line for each member: ${members}`);
    assert.ok(members.length > 0);
  }
});

test('an ensemble goes from plain text to TLS and back, one member at a time, while a quorum serves', () => {
  const plain = { sslQuorum: 'false', portUnification: 'false' };
  const ensemble = ensembleWith(plain).start();
  changeOneByOne(ensemble, [
    { sslQuorum: 'false', portUnification: 'true' },
    { sslQuorum: 'true', portUnification: 'true' },
    TLS,
    { sslQuorum: 'true', portUnification: 'true' },
    { sslQuorum: 'false', portUnification: 'true' },
    plain,
  ]);
});
