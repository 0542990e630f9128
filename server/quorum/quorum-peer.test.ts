import { assert, suite } from '#test';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble, nameOf, OBSERVER_MASTER_PORT } from '../memory-ensemble.test-kit.ts';
import { OpCode } from '../wire/opcodes.ts';

const test = suite('quorum: a member between two roles');

/** Cuts a member off from all other members; its clients still reach it. */
function isolate(ensemble: MemoryEnsemble, sid: number): void {
  for (const other of ensemble.sids) {
    if (other === sid) continue;
    ensemble.network.cut(nameOf(sid), nameOf(other), 'blackhole');
    ensemble.network.cut(nameOf(other), nameOf(sid), 'blackhole');
  }
}

test('ZOOKEEPER-2845: a leader that loses its quorum closes its clients, and has in memory what it has logged', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).start();
  const { leader } = ensemble;
  const { database, view } = ensemble.server(leader);
  const client = MemoryClient.open(ensemble, leader);
  client.create('/a');
  isolate(ensemble, leader);
  const last = database.lastLoggedZxid;
  client.send(OpCode.create, body.create('/b'));
  ensemble.wait(() => database.lastLoggedZxid > last, 'a proposal that nobody hears');
  assert.is(database.lastProcessedZxid, last);
  ensemble.wait(() => view.serving === null, 'the leader to step down');
  ensemble.wait(() => client.raw.closed !== null, 'its client to be closed');
  ensemble.wait(() => database.lastProcessedZxid === database.lastLoggedZxid, 'memory level with the log');
  ensemble.wait(() => ensemble.leader > 0 && ensemble.leader !== leader, 'another leader');
  ensemble.network.healAll();
  ensemble.wait(() => view.serving !== null, 'the old leader to follow');
  assert.is(database.tree.getNode('/b'), undefined, 'what was never committed is gone');
});

/** A leader cut off with `count` proposals in its log that nobody heard of, at the end of its role. */
function unheard(count: number) {
  const ensemble = new MemoryEnsemble({ voters: 3, turnUnits: 100 }).start();
  const { leader } = ensemble;
  const { database, view } = ensemble.server(leader);
  const client = MemoryClient.open(ensemble, leader);
  client.create('/a');
  isolate(ensemble, leader);
  const last = database.lastLoggedZxid;
  for (let i = 0; i < count; i++) client.send(OpCode.create, body.create(`/b${i}`));
  ensemble.wait(() => database.lastLoggedZxid === last + count, 'proposals that nobody hears');
  ensemble.wait(() => view.serving === null, 'the leader to step down');
  assert.ok(database.lastProcessedZxid < last + count);
  return { ensemble, database, view, leader, last };
}

test('field report B1: memory is brought level with a long log in slices, and only then the member votes', () => {
  const count = 60;
  const { ensemble, database, view, leader, last } = unheard(count);
  let most = 0;
  let before = last;
  const looks = () => ensemble.events.get(leader)!.filter(({ kind }) => kind === 'looking').length;
  const looked = looks();
  ensemble.wait(() => {
    most = Math.max(most, database.lastProcessedZxid - before);
    before = database.lastProcessedZxid;
    return looks() > looked;
  }, 'the next election');
  assert.is(database.lastProcessedZxid, last + count);
  assert.ok(most >= 4 && most <= 10, `${most} in one turn`);
  ensemble.wait(() => ensemble.leader > 0 && ensemble.leader !== leader, 'another leader');
  ensemble.network.healAll();
  ensemble.wait(() => view.serving !== null, 'it to follow');
  assert.not(database.tree.getNode('/b0'), 'what was never committed is gone');
});

test('a member can stop while it brings memory level with its log', () => {
  const { ensemble, database, leader, last } = unheard(60);
  ensemble.wait(() => database.lastProcessedZxid > last, 'the first slice');
  let stopped = false;
  ensemble.server(leader).stop(() => {
    stopped = true;
  });
  ensemble.wait(() => stopped, 'the stop');
  const reached = database.lastProcessedZxid;
  assert.ok(reached < last + 60);
  ensemble.time.advance(500);
  assert.is(database.lastProcessedZxid, reached);
  assert.is(ensemble.fatal.size, 0);
});

test('every member has the configuration in /zookeeper/config, also behind a SNAP', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1 }).start();
  MemoryClient.open(ensemble).create('/a');
  const lost = ensemble.sids.find(sid => sid !== ensemble.leader)!;
  ensemble.kill(lost, 'power');
  ensemble.machine(lost).disk.wipe();
  ensemble.boot(lost);
  ensemble.wait(() => ensemble.server(lost).view.serving !== null, 'the member to come back');
  for (const sid of ensemble.sids) {
    const text = String(MemoryClient.open(ensemble, sid).get('/zookeeper/config'));
    assert.match(text, /server\.4=zk4:2888:3888:observer/);
    assert.match(text, /version=0$/);
  }
});

test('004-16, 004-19, 004-20: observers ask followers first; without a follower they are served by the leader', () => {
  for (let seed = 1; seed <= 4; seed++) {
    const settings = { observerMasterPort: OBSERVER_MASTER_PORT };
    const seeded = { voters: 3, observers: 1, settings, seed: `masters ${seed}` };
    const ensemble = new MemoryEnsemble(seeded).boot(1, 2, 3);
    ensemble.wait(() => [1, 2, 3].every(sid => ensemble.server(sid).view.serving !== null), 'the voters');
    ensemble.boot(4);
    ensemble.wait(() => ensemble.server(4).view.serving !== null, 'the observer');
    const master = ensemble.server(4).view.peer!.learner!.masterAddress;
    assert.is(master?.port, OBSERVER_MASTER_PORT);
    assert.is.not(master?.host, nameOf(ensemble.leader));
  }
  const settings = { observerMasterPort: OBSERVER_MASTER_PORT, standaloneEnabled: 'false' };
  const alone = new MemoryEnsemble({ voters: 1, observers: 1, settings }).start();
  assert.equal(alone.server(2).view.peer!.learner!.masterAddress, {
    host: 'zk1',
    port: OBSERVER_MASTER_PORT,
  });
});

test('002-6: having accepted an abandoned epoch gives a member no better history', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).start();
  const behind = ensemble.sids.find(sid => sid !== ensemble.leader)!;
  ensemble.kill(behind);
  const { leader } = ensemble;
  MemoryClient.open(ensemble, leader).create('/only-there');
  for (const sid of ensemble.sids) if (sid !== behind) ensemble.kill(sid);
  const { disk } = ensemble.machine(behind);
  const accepted = disk.open('/data/version-2/acceptedEpoch', 'w');
  accepted.writeAt(0, Buffer.from('9'));
  accepted.close();
  ensemble.boot(leader, behind);
  ensemble.wait(() => ensemble.leader === leader, 'the longer history to lead');
  ensemble.wait(() => ensemble.server(behind).view.serving !== null, 'the other to follow');
  assert.is(ensemble.server(leader).view.peer!.epochs.currentEpoch, 10);
  assert.is(MemoryClient.open(ensemble, behind).get('/only-there'), '');
});

test('every member of an epoch accepts a client that has seen the start of that epoch', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1 }).start();
  const first = ensemble.leader;
  const client = MemoryClient.open(ensemble, first, { timeoutMs: 4000 });
  client.create('/a');
  const { sessionId, password } = client.response!;
  ensemble.kill(first);
  ensemble.wait(() => ensemble.leader > 0, 'another leader');
  const renewed = MemoryClient.open(ensemble, ensemble.leader, { sessionId, password });
  const lastZxidSeen = renewed.ask(OpCode.exists, body.read('/a')).zxid;
  assert.is(lastZxidSeen % 0x1_0000_0000, 0, 'nothing was written in this epoch');
  for (const sid of ensemble.sids) {
    if (sid === first) continue;
    ensemble.wait(() => ensemble.server(sid).view.serving !== null, 'a member to serve');
    const moved = MemoryClient.open(ensemble, sid, { sessionId, password, lastZxidSeen });
    assert.is(moved.response?.sessionId, sessionId);
    assert.is(moved.ask(OpCode.exists, body.read('/a')).zxid, lastZxidSeen, 'nor is it shown less');
  }
});
