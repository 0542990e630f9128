/** Changes of leader that left something behind upstream: state that no other member had, or long pauses. */
import { assert, suite } from '#test';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble, nameOf } from '../memory-ensemble.test-kit.ts';
import { OpCode } from '../wire/opcodes.ts';

const test = suite('quorum: what a change of leader leaves behind');

const EPHEMERAL = 1;

/** The name of a follower, and that of the other one. */
function followersOf(ensemble: MemoryEnsemble): readonly [number, number] {
  const [one = 0, other = 0] = ensemble.sids.filter(sid => sid !== ensemble.leader);
  return [one, other];
}

const stateOf = (ensemble: MemoryEnsemble, sid: number) => {
  const { tree, sessionTimeouts } = ensemble.server(sid).database;
  return {
    digest: [tree.digest.high, tree.digest.low],
    zxid: tree.lastProcessedZxid,
    sessions: [...sessionTimeouts.keys()],
  };
};

for (const [what, hears] of [
  ['that it does not hear whole', false],
  ['that it has logged', true],
] as const) {
  test(`ZOOKEEPER-2355: a follower that dies while a session ends ${what} keeps no ephemeral of it`, () => {
    const ensemble = new MemoryEnsemble({ voters: 3, seed: what }).start();
    const { leader } = ensemble;
    const [dying, other] = followersOf(ensemble);
    const client = MemoryClient.open(ensemble, other);
    client.create('/mine', '', EPHEMERAL);
    const { database } = ensemble.server(dying);
    ensemble.wait(() => database.tree.getNode('/mine') !== undefined, 'the ephemeral at the follower');
    const before = database.lastLoggedZxid;
    if (!hears) ensemble.network.cut(nameOf(leader), nameOf(dying), 'blackhole');
    client.send(OpCode.closeSession);
    if (hears) {
      ensemble.wait(() => database.lastLoggedZxid > before, 'the proposal in its log');
      assert.ok(database.tree.getNode('/mine') !== undefined, 'it has not heard of the commit');
    }
    ensemble.kill(dying);
    ensemble.network.healAll();
    const isGone = () => ensemble.server(leader).database.tree.getNode('/mine') === undefined;
    ensemble.wait(isGone, 'the others to commit it');
    ensemble.boot(dying).waitServing(dying);
    assert.equal(stateOf(ensemble, dying), stateOf(ensemble, leader));
    assert.is(ensemble.server(dying).database.tree.getNode('/mine'), undefined);
  });
}

test('ZOOKEEPER-1154, 5010: what a dead leader alone had logged is on no member after it is back by TRUNC and DIFF', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, seed: '1154' }).start();
  const { leader } = ensemble;
  const { database } = ensemble.server(leader);
  const client = MemoryClient.open(ensemble, leader);
  for (const other of followersOf(ensemble)) ensemble.network.cut(nameOf(leader), nameOf(other), 'blackhole');
  const before = database.lastLoggedZxid;
  client.send(OpCode.create, body.create('/never'));
  ensemble.wait(() => database.lastLoggedZxid > before, 'a proposal that nobody hears');
  ensemble.kill(leader);
  ensemble.network.healAll();
  ensemble.wait(() => ensemble.leader > 0, 'another leader');
  MemoryClient.open(ensemble, ensemble.leader).create('/later');
  ensemble.boot(leader).waitServing(leader);
  for (const sid of ensemble.sids) {
    assert.equal(stateOf(ensemble, sid), stateOf(ensemble, ensemble.leader), `member ${sid}`);
    assert.is(ensemble.server(sid).database.tree.getNode('/never'), undefined);
  }
});

test('ZOOKEEPER-4766: nobody writes a snapshot of its tree before it votes, leads or follows', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, seed: '4766' }).start();
  const { leader } = ensemble;
  MemoryClient.open(ensemble, leader).create('/a');
  const rest = followersOf(ensemble);
  const snapshotsOf = (sid: number) =>
    ensemble
      .machine(sid)
      .disk.list('/data/version-2')
      .filter(name => name.startsWith('snapshot.'));
  const before = rest.map(snapshotsOf);
  ensemble.kill(leader);
  ensemble.wait(() => ensemble.leader > 0, 'another leader');
  ensemble.waitServing(...rest);
  assert.equal(rest.map(snapshotsOf), before);
});

test('ZOOKEEPER-3169: when a thousand clients come back at once after an election, none waits for a tick', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, seed: '3169', turnMs: 1 }).start();
  const { leader } = ensemble;
  const [follower] = followersOf(ensemble);
  const clients = Array.from(
    { length: 1000 },
    () => new MemoryClient(ensemble, leader, { timeoutMs: 40_000 }),
  );
  ensemble.wait(() => clients.every(({ response }) => response !== null), 'their sessions');
  ensemble.kill(leader);
  ensemble.wait(() => ensemble.leader > 0, 'another leader');
  ensemble.waitServing(follower);
  const { nowMs } = ensemble.time;
  const back = clients.map(({ response }) => {
    const { sessionId, password } = response!;
    return new MemoryClient(ensemble, follower, { timeoutMs: 40_000, sessionId, password });
  });
  ensemble.wait(() => back.every(({ response }) => response !== null), 'all to be back', 200);
  assert.ok(
    back.every(({ response }) => response!.timeoutMs > 0),
    'with their sessions',
  );
  assert.ok(ensemble.time.nowMs - nowMs < 2 * 200, `${ensemble.time.nowMs - nowMs} ms`);
});
