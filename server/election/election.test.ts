import { assert, suite } from '#test';
import { JointQuorum } from '../membership/joint-quorum.ts';
import { QuorumMaj } from '../membership/quorum-maj.ts';
import { Metrics } from '../metrics/metrics.ts';
import { silentLogger } from '../runtime/logging/logger.ts';
import { MemoryNetwork, type MemoryNetworkOptions } from '../runtime/virtual/memory-network.ts';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { VirtualTime } from '../runtime/virtual/virtual-time.ts';
import { plainElection } from '../security/election-network.ts';
import { Election } from './election.ts';
import type { Elected, Proposal } from './fast-leader-election.ts';

const test = suite('election: over a network');

const PORT = 3888;

interface Server {
  readonly election: Election;
  readonly metrics: Metrics;
  result: Elected | undefined;
  configSeen: string | undefined;
  supportLost: boolean;
  look(proposal?: Proposal): void;
  sentMessages(): number;
}

class World {
  readonly time = new VirtualTime();
  readonly network: MemoryNetwork;
  readonly servers = new Map<number, Server>();
  readonly #voters: readonly number[];
  readonly #observers: readonly number[];

  constructor(
    voters: readonly number[],
    observers: readonly number[] = [],
    link: MemoryNetworkOptions['link'] = {},
  ) {
    this.#voters = voters;
    this.#observers = observers;
    this.network = new MemoryNetwork(this.time, { link });
  }

  view(version = 0, voters = this.#voters, observers = this.#observers) {
    const text = `version=${version.toString(16)}`;
    const members = [...voters, ...observers];
    return {
      quorum: new JointQuorum(new QuorumMaj({ version, text, voters, observers })),
      members: new Map(members.map(sid => [sid, { places: [[{ host: `zk${sid}`, port: PORT }]] }])),
    };
  }

  start(sid: number, view = this.view()): Server {
    const clock = new VirtualClock(this.time);
    const metrics = new Metrics();
    const network = this.network.host(`zk${sid}`, clock);
    const role = this.#observers.includes(sid) ? ('observer' as const) : ('participant' as const);
    const intervals = { minNotificationIntervalMs: 200, maxNotificationIntervalMs: 60_000 };
    const election = new Election(
      { clock, network: plainElection(network), metrics, logger: silentLogger },
      {
        sid,
        role,
        ...view,
        cnxTimeoutMs: 5000,
        helloTimeoutMs: 5000,
        bindTriesMax: 3,
        acceptedEpoch: () => 0,
        ...intervals,
      },
      {
        onListenFailed: error => {
          throw error;
        },
        onConfigSeen: ({ text }) => {
          server.configSeen = text;
        },
        onSupportLost: () => {
          server.supportLost = true;
        },
      },
    );
    const server: Server = {
      election,
      metrics,
      result: undefined,
      configSeen: undefined,
      supportLost: false,
      sentMessages: () => {
        let count = 0;
        for (const [name, { messages }] of metrics.traffic) if (name.startsWith('sent')) count += messages;
        return count;
      },
      look: (proposal = { zxid: 0, peerEpoch: 0 }) => {
        server.result = undefined;
        election.lookForLeader(proposal, result => {
          server.result = result;
        });
      },
    };
    this.servers.set(sid, server);
    election.start();
    return server;
  }

  startAll(): void {
    for (const sid of [...this.#voters, ...this.#observers]) this.start(sid).look();
  }

  leaders(): (number | undefined)[] {
    return [...this.servers.values()].map(server => server.result?.leader);
  }

  agree(leader: number, withinMs: number): void {
    const agreed = () => this.leaders().every(other => other === leader);
    const ended = this.time.runUntil(agreed, this.time.nowMs + withinMs);
    assert.ok(ended, `leaders are ${this.leaders().join(' ')} after ${withinMs} ms`);
  }

  cutOff(sid: number, how: 'refuse' | 'blackhole'): void {
    for (const other of this.servers.keys()) {
      if (other === sid) continue;
      this.network.cut(`zk${sid}`, `zk${other}`, how);
      this.network.cut(`zk${other}`, `zk${sid}`, how);
    }
  }
}

test('five voters and two observers agree within a second', () => {
  const world = new World([1, 2, 3, 4, 5], [6, 7]);
  world.startAll();
  world.agree(5, 1000);
  const states = [...world.servers.values()].map(server => server.result?.state);
  assert.is(states.filter(state => state === 'LEADING').length, 1);
  assert.equal(states.slice(5), ['OBSERVING', 'OBSERVING']);
});

test('observers with the smallest ids join too, dialed back by the voters', () => {
  const world = new World([3, 4, 5], [1, 2]);
  world.startAll();
  world.agree(5, 2000);
});

test('ZOOKEEPER-1807: observers do not connect to each other, and each other pair has one connection', () => {
  const world = new World([1, 2, 3], [4, 5]);
  world.startAll();
  world.agree(3, 1000);
  world.time.advance(5000);
  for (const [sid, { election }] of world.servers) {
    const expected = sid <= 3 ? 4 : 3;
    assert.is(election.connections.connectionCount, expected, `server ${sid}`);
  }
  assert.not(world.servers.get(4)?.election.connections.isConnected(5));
});

test('servers agree on slow, lossy links that split what is written', () => {
  const link = { latencyMs: 40, jitterMs: 30, lossProbability: 0.1, splitProbability: 0.5 };
  const world = new World([1, 2, 3], [4], link);
  world.startAll();
  world.agree(3, 10_000);
});

test('003-3: two hundred observers join; what a voter sends grows no faster than their number', () => {
  const sentByVoters = (observerCount: number) => {
    const observers = Array.from({ length: observerCount }, (_, index) => index + 4);
    const world = new World([1, 2, 3], observers);
    world.startAll();
    world.agree(3, 5000);
    return [1, 2, 3].reduce((sum, sid) => sum + (world.servers.get(sid)?.sentMessages() ?? 0), 0);
  };
  const perObserver = (sentByVoters(200) - sentByVoters(100)) / 100;
  assert.ok(perObserver < 20, `${perObserver} messages of the voters for each further observer`);
});

test('a server that starts after an hour finds the leader at once', () => {
  const world = new World([1, 2, 3]);
  world.start(1).look();
  world.start(2).look();
  world.time.advance(3_600_000);
  world.start(3).look({ zxid: 0x1_0000_0009, peerEpoch: 1 });
  world.agree(2, 500);
});

for (const how of ['refuse', 'blackhole'] as const) {
  test(`after ten minutes without a quorum (${how}) the healed ensemble agrees in seconds, not in a minute`, () => {
    const world = new World([1, 2, 3], [4]);
    for (const sid of [1, 2, 3, 4]) world.start(sid);
    for (const sid of [1, 2, 3, 4]) world.cutOff(sid, how);
    for (const server of world.servers.values()) server.look();
    world.time.advance(600_000);
    assert.equal(world.leaders(), [undefined, undefined, undefined, undefined]);
    world.network.healAll();
    world.agree(3, 12_000);
  });
}

test('when the leader dies, the others elect another one; the old leader comes back and joins', () => {
  const world = new World([1, 2, 3]);
  world.startAll();
  world.agree(3, 1000);
  world.network.find('zk3')?.kill();
  world.servers.get(3)?.election.shutdown();
  world.servers.delete(3);
  for (const server of world.servers.values()) server.look();
  world.agree(2, 1000);
  world.start(3).look();
  world.agree(2, 1000);
});

test('ZOOKEEPER-3109: an elected leader hears that its voters look again', () => {
  const world = new World([1, 2, 3]);
  world.startAll();
  world.agree(3, 1000);
  world.servers.get(1)?.look();
  world.servers.get(2)?.look();
  world.time.advance(100);
  assert.ok(world.servers.get(3)?.supportLost);
});

test('the configuration in a vote is text in UTF-8, whatever the machine prefers (ZOOKEEPER-4787)', () => {
  const world = new World([1, 2, 3]);
  const text = 'server.1=zürich-中:2888:3888:participant\nversion=100000003';
  const quorum = new JointQuorum(
    new QuorumMaj({ version: 0x1_0000_0003, text, voters: [1, 2], observers: [3] }),
  );
  world.start(1, { ...world.view(), quorum }).look();
  const server = world.start(3);
  server.look();
  world.time.advance(100);
  assert.is(server.configSeen, text);
});

test('a newer configuration that arrives during an election is adopted, and the election starts over', () => {
  const world = new World([1, 2, 3]);
  const newer = world.view(0x1_0000_0003, [1, 2], [3]);
  world.start(1, newer).look();
  const server = world.start(3);
  server.look({ zxid: 9, peerEpoch: 9 });
  world.time.advance(100);
  assert.is(server.configSeen, 'version=100000003');
  server.election.setView({ role: 'observer', ...newer });
  world.start(2, newer).look();
  world.agree(2, 2000);
  assert.is(server.result?.state, 'OBSERVING');
});

test('the votes that a looking server gets carry the epoch of the leader', () => {
  const world = new World([1, 2, 3]);
  world.start(2).look();
  world.start(3).look();
  world.agree(3, 1000);
  for (const server of world.servers.values()) server.election.updateElectionVote(7);
  const late = world.start(1);
  late.look();
  world.agree(3, 1000);
  assert.is(late.result?.vote.peerEpoch, 7);
});

test('shutdown leaves no timer and no connection, and nobody is called any more', () => {
  const world = new World([1, 2, 3]);
  world.startAll();
  world.time.advance(50);
  for (const { election } of world.servers.values()) election.shutdown();
  world.time.runUntilIdle(1000);
  for (const sid of [1, 2, 3]) assert.is(world.network.find(`zk${sid}`)?.connectionCount, 0);
  assert.equal(world.leaders(), [undefined, undefined, undefined]);
});

test('every call gets its own result, once; a call overtaken by the next one gets none', () => {
  const world = new World([1]);
  const { election } = world.start(1);
  const rounds: number[] = [];
  const onElected = ({ vote }: Elected) => rounds.push(vote.round);
  election.lookForLeader({ zxid: 0, peerEpoch: 0 }, onElected);
  world.time.advance(1000);
  election.lookForLeader({ zxid: 0, peerEpoch: 0 }, onElected);
  election.lookForLeader({ zxid: 0, peerEpoch: 0 }, onElected);
  world.time.advance(1000);
  assert.equal(rounds, [1, 3]);
});

test('messages and bytes are counted by peer', () => {
  const world = new World([1, 2, 3]);
  world.startAll();
  world.agree(3, 1000);
  const sent = world.servers.get(1)?.metrics.trafficOf('sent', 'election', 'sid 3');
  const received = world.servers.get(3)?.metrics.trafficOf('received', 'election', 'sid 1');
  assert.ok(sent !== undefined && sent.messages > 0 && sent.bytes >= sent.messages * 53);
  assert.ok(received !== undefined && received.messages > 0);
});
