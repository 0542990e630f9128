/** ZOOKEEPER-3188: election connections of servers with several addresses, each on a network of its own. */
import { assert, suite } from '#test';
import { Metrics } from '../metrics/metrics.ts';
import { silentLogger } from '../runtime/logging/logger.ts';
import { MemoryNetwork } from '../runtime/virtual/memory-network.ts';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { VirtualTime } from '../runtime/virtual/virtual-time.ts';
import { plainElection } from '../security/election-network.ts';
import { type InitialMessage, type Notification, readInitialMessage } from '../wire/election-message.ts';
import { JuteReader } from '../wire/jute.ts';
import { QuorumCnxManager } from './quorum-cnx-manager.ts';

const test = suite('election: several addresses');

const PORT = 3888;
const CNX_TIMEOUT_MS = 5000;
const CHECK_MS = 1000;
const NETWORKS = ['', '-net2'];

const notification = (round: number): Notification => ({
  state: 'LOOKING',
  leader: 1,
  zxid: 0,
  round,
  peerEpoch: 0,
  version: 2,
  config: Buffer.from('version=0'),
});

const addressesOf = (sid: number) => NETWORKS.map(suffix => ({ host: `zk${sid}${suffix}`, port: PORT }));

class World {
  readonly time = new VirtualTime();
  readonly network = new MemoryNetwork(this.time);
  readonly received = new Map<number, string[]>();

  start(sid: number, options: { multiAddressEnabled?: boolean; reachabilityTimeoutMs?: number } = {}) {
    const clock = new VirtualClock(this.time);
    const host = this.network.host(`zk${sid}`, clock);
    this.network.addAddress(`zk${sid}`, `zk${sid}-net2`);
    const received: string[] = [];
    this.received.set(sid, received);
    const manager = new QuorumCnxManager(
      { clock, network: plainElection(host), logger: silentLogger, metrics: new Metrics() },
      {
        sid,
        members: new Map([1, 2].map(id => [id, { places: [addressesOf(id)] }])),
        cnxTimeoutMs: CNX_TIMEOUT_MS,
        helloTimeoutMs: CNX_TIMEOUT_MS,
        bindTriesMax: 3,
        multiAddressEnabled: true,
        reachabilityTimeoutMs: CHECK_MS,
        ...options,
        acceptedEpoch: () => 0,
      },
      {
        onNotification: (from, { round }) => received.push(`${from}: ${round}`),
        onListenFailed: error => assert.unreachable(error.message),
      },
    );
    manager.start();
    manager.setPersistent(true);
    this.time.advance(10);
    return { manager, host, received };
  }

  cut(suffix: string): void {
    for (const [from, to] of [
      [1, 2],
      [2, 1],
    ]) {
      this.network.cut(`zk${from}`, `zk${to}${suffix}`, 'blackhole');
      this.network.cut(`zk${to}${suffix}`, `zk${from}`, 'blackhole');
    }
  }
}

for (const suffix of NETWORKS)
  test(`servers meet at once on the other network while that of zk*${suffix} is down`, () => {
    for (const [sender, receiver] of [
      [1, 2],
      [2, 1],
    ] as const) {
      const world = new World();
      world.cut(suffix);
      const [from] = [world.start(sender), world.start(receiver)];
      from.manager.send(receiver, notification(7));
      world.time.advance(100);
      assert.equal(world.received.get(receiver), [`${sender}: 7`]);
    }
  });

/** Sends messages both ways, then cuts both networks in turn, and sends more messages each time. */
function throughCuts(sender: 1 | 2, reachabilityTimeoutMs: number | undefined): boolean {
  const world = new World();
  const receiver = sender === 1 ? 2 : 1;
  const options = reachabilityTimeoutMs === undefined ? {} : { reachabilityTimeoutMs };
  const [from, to] = [world.start(sender, options), world.start(receiver, options)];
  from.manager.send(receiver, notification(1));
  world.time.advance(100);
  assert.equal(to.received, [`${sender}: 1`]);
  for (const [at, suffix] of NETWORKS.entries()) {
    world.network.healAll();
    world.time.advance(CNX_TIMEOUT_MS);
    world.cut(suffix);
    from.manager.send(receiver, notification(10 + at));
    world.time.advance(2 * CHECK_MS);
    if (to.received.at(-1) !== `${sender}: ${10 + at}`) return false;
  }
  return true;
}

for (const sender of [1, 2] as const)
  test(`server ${sender} abandons a connection whose network is cut, and is heard again, whoever dialed it`, () => {
    assert.ok(throughCuts(sender, CHECK_MS));
    assert.not(throughCuts(sender, Number.MAX_SAFE_INTEGER), 'the check is what helps');
  });

test('a peer that answers keeps its connection', () => {
  const world = new World();
  const [one, two] = [world.start(1), world.start(2)];
  one.manager.send(2, notification(1));
  world.time.advance(100);
  let dials = 0;
  for (const { host } of [one, two]) {
    const connect = host.connect.bind(host);
    host.connect = (...args) => {
      dials++;
      return connect(...args);
    };
  }
  for (let round = 2; round < 20; round++) {
    one.manager.send(2, notification(round));
    two.manager.send(1, notification(round));
    world.time.advance(CHECK_MS / 2);
  }
  assert.is(dials, 0);
});

test('once no election is under way, the silence of a peer is no reason to dial', () => {
  const world = new World();
  const [one] = [world.start(1), world.start(2)];
  one.manager.send(2, notification(1));
  one.manager.setPersistent(false);
  world.time.advance(100);
  const dials: number[] = [];
  const connect = one.host.connect.bind(one.host);
  one.host.connect = (...args) => {
    dials.push(world.time.nowMs);
    return connect(...args);
  };
  world.time.advance(10 * CHECK_MS);
  assert.equal(dials, []);
});

test('with multiAddress.enabled a server says all of its addresses, in V2, and without it the first, in V1', () => {
  const said = (multiAddressEnabled: boolean): { version: string; message: InitialMessage } => {
    const world = new World();
    const chunks: Buffer[] = [];
    const host = world.network.host('zk1', new VirtualClock(world.time));
    host.listen(
      { host: 'zk1', port: PORT },
      {
        onListening: () => {},
        onConnection: connection =>
          connection.start({ onData: chunk => void chunks.push(chunk), onClose: () => {} }),
        onError: error => assert.unreachable(error.message),
      },
    );
    world.start(2, { multiAddressEnabled }).manager.send(1, notification(1));
    world.time.advance(100);
    const bytes = Buffer.concat(chunks);
    return { version: bytes.toString('hex', 0, 8), message: readInitialMessage(new JuteReader(bytes)) };
  };
  const [first, second] = addressesOf(2);
  assert.equal(said(true), {
    version: 'ffffffffffff0001',
    message: { sid: 2, addresses: [first!, second!] },
  });
  assert.equal(said(false), { version: 'ffffffffffff0000', message: { sid: 2, addresses: [first!] } });
});

test('a server that no configuration names is dialed back at whichever address of its message answers', () => {
  const world = new World();
  const two = world.start(2);
  const one = world.start(1);
  two.manager.setMembers(new Map([[2, { places: [addressesOf(2)] }]]));
  world.cut('');
  one.manager.send(2, notification(3));
  world.time.advance(100);
  assert.equal(two.received, ['1: 3']);
});
