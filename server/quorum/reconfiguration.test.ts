/** Whole ensembles that are reconfigured: from the request to what every member makes of it. */
import { assert, suite } from '#test';
import { MemoryClient } from '../memory-client.test-kit.ts';
import { CLIENT_PORT, lineOf, MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { isSettled, Judge, reconfigure, SETTINGS, sendReconfig } from './reconfiguration-story.test-kit.ts';

const test = suite('quorum: reconfigurations');

const joins = (sid: number, role?: 'participant' | 'observer') =>
  `server.${sid}=${lineOf(sid, role)};${CLIENT_PORT}`;

function configOf(ensemble: MemoryEnsemble, sid: number) {
  const { committed, lastSeen } = ensemble.server(sid).view.peer!.membership;
  const { voters, observers, version } = committed.verifier;
  assert.is(lastSeen.verifier.version, version, `member ${sid} has a pending configuration`);
  return { voters: [...voters], observers: [...observers], version };
}

function assertVoters(ensemble: MemoryEnsemble, sids: readonly number[], voters: readonly number[]): void {
  ensemble.wait(
    () => sids.every(sid => configVoters(ensemble, sid) === voters.join()),
    `members ${sids} to have the voters ${voters}`,
  );
}

function configVoters(ensemble: MemoryEnsemble, sid: number): string {
  return [...ensemble.server(sid).view.peer!.membership.committed.verifier.voters].join();
}

const modeOf = (ensemble: MemoryEnsemble, sid: number) => ensemble.server(sid).view.serving?.mode;

test('a server that nobody knows follows without a vote, and votes once it is added', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, joiners: 1, settings: SETTINGS }).start();
  assert.is(configOf(ensemble, 1).version, 0x1_0000_0000, 'the first leader numbered it');
  ensemble.boot(4);
  ensemble.waitServing(4);
  assert.is(modeOf(ensemble, 4), 'follower');
  const client = MemoryClient.open(ensemble, ensemble.leader);
  const reply = reconfigure(client, { joining: joins(4) });
  assert.is(reply.err, 0);
  assertVoters(ensemble, [1, 2, 3, 4], [1, 2, 3, 4]);
  assert.is(configOf(ensemble, 4).version, reply.zxid);
  for (const sid of [1, 2, 3, 4])
    assert.match(String(ensemble.server(sid).database.tree.getNode('/zookeeper/config')?.data), /server\.4=/);
  assert.is(client.create('/a').err, 0);
});

test('an observer is promoted, and a voter demoted', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1, settings: SETTINGS }).start();
  const { leader } = ensemble;
  const demoted = [1, 2, 3].find(sid => sid !== leader)!;
  const client = MemoryClient.open(ensemble, leader);
  assert.is(reconfigure(client, { joining: joins(4) }).err, 0);
  ensemble.wait(() => modeOf(ensemble, 4) === 'follower', 'the observer to follow');
  assert.is(reconfigure(client, { joining: joins(demoted, 'observer') }).err, 0);
  ensemble.wait(() => modeOf(ensemble, demoted) === 'observer', 'the voter to observe');
  assert.is(ensemble.leader, leader);
  assert.is(client.create('/a').err, 0);
});

test('a leader that is removed names a successor, which leads without an election; the removed leader goes on as a follower', () => {
  const ensemble = new MemoryEnsemble({ voters: 4, settings: SETTINGS }).start();
  const { leader } = ensemble;
  const others = [1, 2, 3, 4].filter(sid => sid !== leader);
  const client = MemoryClient.open(ensemble, others[0]!);
  const startMs = ensemble.time.nowMs;
  const reply = reconfigure(client, { leaving: String(leader) });
  assert.is(reply.err, 0);
  ensemble.wait(
    () => ensemble.leader !== leader && ensemble.leader > 0 && modeOf(ensemble, leader) === 'follower',
    'another leader',
  );
  ensemble.waitServing(1, 2, 3, 4);
  const looked = (ensemble.events.get(others[0]!) ?? []).filter(event => event.kind === 'looking');
  assert.is(looked.length, 1, 'only when it started');
  assertVoters(ensemble, [1, 2, 3, 4], others);
  const tookMs = ensemble.time.nowMs - startMs;
  assert.ok(tookMs < 500, `clients had no leader for ${tookMs} ms`);
  assert.is(MemoryClient.open(ensemble, leader).create('/a').err, 0);
});

for (const [name, cut] of [
  ['old', [1, 2]],
  ['new', [4, 5]],
] as const) {
  test(`while the ${name} voters besides the leader are cut off, a reconfiguration is not committed`, () => {
    const ensemble = new MemoryEnsemble({ voters: 3, joiners: 2, settings: SETTINGS }).start();
    ensemble.boot(4, 5);
    ensemble.waitServing(4, 5);
    assert.is(ensemble.leader, 3);
    const judge = new Judge(ensemble, [1, 2, 3]);
    const client = MemoryClient.open(ensemble, 3);
    for (const sid of cut) {
      ensemble.network.cut(`zk${sid}`, 'zk3', 'blackhole');
      ensemble.network.cut('zk3', `zk${sid}`, 'blackhole');
    }
    sendReconfig(client, { newMembers: [3, 4, 5].map(sid => joins(sid)).join('\n') });
    ensemble.wait(() => {
      judge.look();
      return client.raw.closed !== null;
    }, 'the leader to step down');
    assert.equal(client.replies, []);
    assert.is(judge.activated.size, 0);
    ensemble.network.healAll();
    ensemble.wait(() => {
      judge.look();
      return isSettled(ensemble);
    }, 'all members to serve with one configuration');
    assert.is(MemoryClient.open(ensemble, ensemble.leader).create('/a').err, 0);
  });
}
