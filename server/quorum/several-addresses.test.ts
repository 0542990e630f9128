/** ZOOKEEPER-3188: whole ensembles whose members have an address on each of two networks. */
import { assert, suite } from '#test';
import { MemoryClient } from '../memory-client.test-kit.ts';
import {
  CLIENT_PORT,
  lineOf,
  MemoryEnsemble,
  nameOf,
  OBSERVER_MASTER_PORT,
} from '../memory-ensemble.test-kit.ts';
import { reconfigure, SETTINGS } from './reconfiguration-story.test-kit.ts';

const test = suite('quorum: several addresses');

const MULTI = { 'multiAddress.enabled': 'true' };
const BOTH = [1, 2];

function untilWritten(ensemble: MemoryEnsemble, path: string): void {
  ensemble.wait(() => ensemble.leader > 0, 'a leader');
  ensemble.waitServing(...ensemble.sids);
  assert.is(MemoryClient.open(ensemble, ensemble.leader).create(path).err, 0, path);
  const everywhere = () =>
    ensemble.sids.every(sid => ensemble.server(sid).database.tree.getNode(path) !== undefined);
  ensemble.wait(everywhere, `${path} at all members`);
}

for (const network of BOTH)
  test(`an ensemble forms while network ${network} is down, and has observers behind masters`, () => {
    const settings = { ...MULTI, observerMasterPort: OBSERVER_MASTER_PORT };
    const ensemble = new MemoryEnsemble({ voters: 3, observers: 1, networks: 2, settings });
    ensemble.cutNetwork(network);
    ensemble.start();
    untilWritten(ensemble, '/a');
    for (const sid of ensemble.sids) {
      const at = ensemble.server(sid).view.peer!.learner?.masterAddress?.host;
      if (at !== undefined) assert.ok(at.endsWith('-net2') === (network === 1), at);
    }
  });

/** Each network is down once, while the other carries the ensemble. */
function throughOutages(settings: Readonly<Record<string, string | number>>): MemoryEnsemble {
  const ensemble = new MemoryEnsemble({
    voters: 3,
    observers: 1,
    networks: 2,
    settings: { ...MULTI, ...settings },
  }).start();
  untilWritten(ensemble, '/before');
  for (const network of BOTH) {
    ensemble.cutNetwork(network);
    // The leader may have followers on the other network alone, and then nothing is lost.
    ensemble.time.advance(5000);
    untilWritten(ensemble, `/without-${network}`);
    ensemble.network.healAll();
    ensemble.time.advance(5000);
    untilWritten(ensemble, `/with-${network}`);
  }
  return ensemble;
}

test('each network fails once, and the members go on through the other', () => {
  throughOutages({});
});

test('without the reachability check the members elect no leader: their election connections are all dead', () => {
  const settings = { ...MULTI, 'multiAddress.reachabilityCheckEnabled': 'false' };
  const ensemble = new MemoryEnsemble({ voters: 3, networks: 2, settings }).start();
  const hasLeader = () => ensemble.leader > 0;
  const outcomes = BOTH.map(network => {
    ensemble.cutNetwork(network);
    ensemble.time.advance(5000);
    const isBack = ensemble.time.runUntil(hasLeader, ensemble.time.nowMs + 30_000);
    ensemble.network.healAll();
    ensemble.wait(hasLeader, 'a leader, on both networks');
    return isBack;
  });
  assert.ok(outcomes.includes(false), 'one of the two carried what they had');
});

test('a member that gets one more address by a reconfiguration is reached there', () => {
  const settings = { ...SETTINGS, ...MULTI };
  const ensemble = new MemoryEnsemble({ voters: 3, settings }).start();
  ensemble.network.addAddress(nameOf(1), nameOf(1, 2));
  const client = MemoryClient.open(ensemble, ensemble.leader);
  const line = `server.1=${lineOf(1, 'participant', 2)};${CLIENT_PORT}`;
  assert.is(reconfigure(client, { joining: line }).err, 0);
  ensemble.wait(() => ensemble.leader > 0, 'a leader');
  const text = () => String(ensemble.server(1).database.tree.getNode('/zookeeper/config')?.data);
  ensemble.wait(() => text().includes('zk1-net2'), 'the configuration');
  assert.match(text(), /^server\.1=zk1:2888:3888\|zk1-net2:2888:3888:participant;0\.0\.0\.0:2181$/m);
  for (const other of [2, 3]) {
    ensemble.network.cut(nameOf(other), nameOf(1), 'blackhole');
    ensemble.network.cut(nameOf(1), nameOf(other), 'blackhole');
  }
  // Connections that it dials itself are cut as well, so others reach it only by dialing its other address.
  ensemble.time.advance(5000);
  ensemble.wait(() => ensemble.server(1).view.peer!.sid === 1, 'it runs');
  const dialed: string[] = [];
  for (const other of [2, 3]) {
    const { network } = ensemble.machine(other).runtime!;
    const connect = network.connect.bind(network);
    network.connect = (address, timeoutMs, events) => {
      dialed.push(address.host);
      return connect(address, timeoutMs, events);
    };
  }
  ensemble.kill(ensemble.leader);
  ensemble.time.advance(5000);
  assert.ok(dialed.includes(nameOf(1, 2)), `${new Set(dialed)}`);
});
