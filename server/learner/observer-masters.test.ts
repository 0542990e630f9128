import { assert, suite } from '#test';
import { MemoryEnsemble, nameOf, OBSERVER_MASTER_PORT } from '../memory-ensemble.test-kit.ts';
import { SeededRandom } from '../runtime/seeded-random.ts';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import type { Master } from './master-dialer.ts';
import { ObserverMasters } from './observer-masters.ts';

const test = suite('quorum: masters of an observer');

const at = (host: string) => ({ host, port: OBSERVER_MASTER_PORT });
const master = (sid: number, host: string): Master => ({ sid, addresses: [at(host)] });
const [A, B, LEADER] = [master(1, 'a'), master(2, 'b'), master(3, 'leader')];
const CANDIDATES = { followers: [A, B], leader: LEADER };

function hosts(masters: ObserverMasters): { early: string[]; last: string[] } {
  const rounds = masters.rounds(CANDIDATES).map(round => round.map(({ addresses }) => addresses[0]!.host));
  return { early: rounds[0]!, last: rounds.at(-1)! };
}

test('004-16: an observer asks followers for many rounds, then the leader as well, last', () => {
  const { early, last } = hosts(new ObserverMasters(new SeededRandom('masters')));
  assert.equal([...early].sort(), ['a', 'b']);
  assert.equal(last, [...early, 'leader']);
});

test('a leader that no configuration here names any longer is not asked', () => {
  const masters = new ObserverMasters(new SeededRandom('masters'));
  for (const followers of [[A], []]) {
    const rounds = masters.rounds({ followers, leader: undefined });
    assert.ok(rounds.every(round => round.length === followers.length && round[0] === followers[0]));
  }
});

test('a master that did not serve is asked after all others, until another master serves', () => {
  const masters = new ObserverMasters(new SeededRandom('masters'));
  hosts(masters);
  masters.onEnded(A);
  assert.equal(hosts(masters), { early: ['b'], last: ['b', 'leader', 'a'] });
  masters.onEnded(B);
  const { early, last } = hosts(masters);
  assert.equal(early, last);
  assert.is(last[0], 'leader');
  assert.is(last.length, 3);
  masters.onServed();
  masters.onEnded(LEADER);
  assert.equal(hosts(masters).early.sort(), ['a', 'b']);
  assert.is(hosts(masters).last.at(-1), 'leader');
});

test('when no master has served, the observer asks all of them again', () => {
  const masters = new ObserverMasters(new SeededRandom('masters'));
  for (const master of [A, B, LEADER]) {
    hosts(masters);
    masters.onEnded(master);
  }
  assert.equal(hosts(masters).early.sort(), ['a', 'b']);
});

/**
 * One follower, and one observer whose connections to the follower's observer master port reach `machine`
 * instead.
 */
function withStrangeMaster(machine: string): MemoryEnsemble {
  const settings = { observerMasterPort: OBSERVER_MASTER_PORT };
  const ensemble = new MemoryEnsemble({ voters: 2, observers: 1, settings }).boot(1, 2);
  ensemble.wait(() => [1, 2].every(sid => ensemble.server(sid).view.serving !== null), 'the voters');
  const follower = [1, 2].find(sid => sid !== ensemble.leader)!;
  ensemble.boot(3);
  const { network } = ensemble.machine(3).runtime!;
  const connect = network.connect.bind(network);
  network.connect = (address, timeoutMs, events) => {
    const toMaster = address.host === nameOf(follower) && address.port === OBSERVER_MASTER_PORT;
    return connect(toMaster ? { ...address, host: machine } : address, timeoutMs, events);
  };
  return ensemble;
}

function servedByTheLeader(ensemble: MemoryEnsemble): void {
  ensemble.wait(() => ensemble.server(3).view.serving !== null, 'the observer to be served');
  assert.equal(ensemble.server(3).view.peer!.learner!.masterAddress, at(nameOf(ensemble.leader)));
}

test('an observer whose only follower accepts its connection and stays silent is served by the leader', () => {
  const ensemble = withStrangeMaster('silent');
  const silent = ensemble.network.host('silent', new VirtualClock(ensemble.time));
  let taken = 0;
  silent.listen(at('silent'), {
    onListening: () => {},
    onConnection: connection => {
      taken++;
      connection.start({ onData: () => {}, onClose: () => {} });
    },
    onError: error => assert.unreachable(error.message),
  });
  servedByTheLeader(ensemble);
  assert.is(taken, 1);
});

test('an observer whose only follower neither accepts nor refuses its connection is served by the leader', () => {
  const ensemble = withStrangeMaster('far');
  ensemble.network.host('far', new VirtualClock(ensemble.time));
  ensemble.network.cut(nameOf(3), 'far', 'blackhole');
  servedByTheLeader(ensemble);
});

test('004-16: a master that served and was lost is asked before the leader again', () => {
  const settings = { observerMasterPort: OBSERVER_MASTER_PORT };
  const ensemble = new MemoryEnsemble({ voters: 2, observers: 1, settings }).boot(1, 2);
  ensemble.wait(() => [1, 2].every(sid => ensemble.server(sid).view.serving !== null), 'the voters');
  ensemble.boot(3);
  for (let time = 1; time <= 3; time++) {
    ensemble.wait(() => ensemble.server(3).view.serving !== null, 'the observer to be served');
    const { learner } = ensemble.server(3).view.peer!;
    assert.is.not(learner!.masterAddress?.host, nameOf(ensemble.leader), `time ${time}`);
    learner!.end('test');
  }
});
