/** Long because all of its tests use the same world of servers. */
import { assert, suite } from '#test';
import { Metrics } from '../metrics/metrics.ts';
import { type Logger, silentLogger } from '../runtime/logger.ts';
import { type MemoryHost, MemoryNetwork } from '../runtime/memory-network.ts';
import type { Connection, ConnectionEvents } from '../runtime/runtime.ts';
import { SeededRandom } from '../runtime/seeded-random.ts';
import { VirtualClock } from '../runtime/virtual-clock.ts';
import { VirtualTime } from '../runtime/virtual-time.ts';
import {
  EPOCH_ANSWER_BYTES,
  encodeNotification,
  NOTIFICATION_BYTES_MAX,
  type Notification,
  writeEpochQuestion,
  writeInitialMessage,
} from '../wire/election-message.ts';
import { JuteWriter } from '../wire/jute.ts';
import { ElectionConnection } from './election-connection.ts';
import { LINKS_MAX } from './election-peer.ts';
import { askAcceptedEpoch } from './epoch-question.ts';
import { QuorumCnxManager, UNKNOWN_BYTES_MAX, UNKNOWN_PEERS_MAX } from './quorum-cnx-manager.ts';
import { UNNAMED_CONNECTIONS_MAX } from './unnamed-connections.ts';

const test = suite('election: QuorumCnxManager');

const PORT = 3888;
const ACCEPTED_EPOCH = 7;
const CNX_TIMEOUT_MS = 5000;
const HELLO_TIMEOUT_MS = 4000;

const notification = (round: number): Notification => ({
  state: 'LOOKING',
  leader: 1,
  zxid: 0,
  round,
  peerEpoch: 0,
  version: 2,
  config: Buffer.from('version=0'),
});

interface Server {
  readonly manager: QuorumCnxManager;
  readonly received: string[];
  readonly warnings: string[];
  readonly host: MemoryHost;
}

class World {
  readonly time = new VirtualTime();
  readonly network = new MemoryNetwork(this.time);
  readonly #sids: readonly number[];

  constructor(...sids: number[]) {
    this.#sids = sids;
  }

  start(sid: number, configured = this.#sids, hostName = `zk${sid}`): Server {
    const clock = new VirtualClock(this.time);
    const host = this.network.host(hostName, clock);
    const received: string[] = [];
    const warnings: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      warn: (_, fields) => warnings.push(String(fields?.reason)),
    };
    const members = new Map(
      configured.map(id => [id, { electionAddresses: [{ host: `zk${id}`, port: PORT }] }]),
    );
    const manager = new QuorumCnxManager(
      { clock, network: host, logger, metrics: new Metrics() },
      {
        sid,
        members,
        listenHost: hostName,
        cnxTimeoutMs: CNX_TIMEOUT_MS,
        helloTimeoutMs: HELLO_TIMEOUT_MS,
        bindTriesMax: 3,
        acceptedEpoch: () => ACCEPTED_EPOCH,
      },
      {
        onNotification: (from, { round }) => received.push(`${from}: ${round}`),
        onListenFailed: error => warnings.push(error.message),
      },
    );
    manager.start();
    this.time.advance(10);
    return { manager, received, warnings, host };
  }

  /** A peer that speaks in bytes. */
  stranger(to: number, bytes: Buffer, name = 'stranger'): Stranger {
    const host = this.network.find(name) ?? this.network.host(name, new VirtualClock(this.time));
    const stranger: Stranger = { closed: false, bytesRead: 0, connection: undefined };
    host.connect({ host: `zk${to}`, port: PORT }, CNX_TIMEOUT_MS, {
      onConnected: connection => {
        stranger.connection = connection;
        connection.start({
          onData: chunk => {
            stranger.bytesRead += chunk.length;
          },
          onClose: () => {
            stranger.closed = true;
          },
        });
        connection.write(bytes);
      },
      onError: error => {
        throw error;
      },
    });
    this.time.advance(10);
    return stranger;
  }
}

interface Stranger {
  closed: boolean;
  bytesRead: number;
  connection: Connection | undefined;
}

function initial(sid: number, host = 'stranger'): Buffer {
  const writer = new JuteWriter();
  writeInitialMessage(writer, sid, { host, port: PORT });
  return writer.toBuffer();
}

test('both directions: the connection dialed by the larger sid carries messages both ways', () => {
  const world = new World(1, 2);
  const [one, two] = [world.start(1), world.start(2)];
  one.manager.send(2, notification(1));
  world.time.advance(100);
  two.manager.send(1, notification(2));
  world.time.advance(100);
  assert.equal([one.received, two.received], [['2: 2'], ['1: 1']]);
  assert.equal([one.host.connectionCount, two.host.connectionCount], [1, 1]);
});

test('a peer that is away gets only the newest message, once it is there', () => {
  const world = new World(1, 2);
  for (const [sender, receiver] of [
    [1, 2],
    [2, 1],
  ] as const) {
    const from = world.start(sender);
    from.manager.setPersistent(true);
    for (let round = 1; round <= 5; round++) {
      from.manager.send(receiver, notification(round));
      world.time.advance(300);
    }
    const to = world.start(receiver);
    world.time.advance(2 * CNX_TIMEOUT_MS);
    assert.equal(to.received, [`${sender}: 5`]);
    from.manager.close();
    to.manager.close();
  }
});

test('without an election under way a peer that is away is dialed once per message', () => {
  const world = new World(1, 2);
  const two = world.start(2);
  two.manager.send(1, notification(1));
  world.time.advance(100);
  const one = world.start(1);
  world.time.advance(60_000);
  assert.equal(one.received, []);
  two.manager.send(1, notification(2));
  world.time.advance(100);
  assert.equal(one.received, ['2: 2']);
});

test('the last message is sent again on every new connection', () => {
  const world = new World(1, 2);
  const [one, two] = [world.start(1), world.start(2)];
  one.manager.setPersistent(true);
  one.manager.send(2, notification(7));
  world.time.advance(100);
  two.manager.close();
  world.time.advance(100);
  const again = world.start(2);
  world.time.advance(2 * CNX_TIMEOUT_MS);
  assert.equal(again.received, ['1: 7']);
});

test('a larger id that no configuration names is answered on its own connection', () => {
  const world = new World(1, 2);
  const one = world.start(1);
  const stranger = world.stranger(1, Buffer.concat([initial(9), encodeNotification(notification(3))]));
  assert.equal(one.received, ['9: 3']);
  one.manager.send(9, notification(4));
  world.time.advance(10);
  assert.not(stranger.closed);
});

test('a smaller id that no configuration names is dialed back at the address of its message', () => {
  const world = new World(7, 8);
  const seven = world.start(7);
  const three = world.start(3, [3, 7]);
  three.manager.send(7, notification(2));
  world.time.advance(100);
  assert.equal(seven.received, ['3: 2']);
  seven.manager.send(3, notification(5));
  world.time.advance(100);
  assert.equal(three.received, ['7: 5']);
});

test('ZOOKEEPER-2879: observers without an id get one, and are never dialed', () => {
  const world = new World(1, 2);
  const one = world.start(1);
  const anonymous = Buffer.from('ffffffffffff00007fffffffffffffff0000000368 3a31'.replace(' ', ''), 'hex');
  const first = world.stranger(1, Buffer.concat([anonymous, encodeNotification(notification(1))]));
  const second = world.stranger(1, Buffer.concat([anonymous, encodeNotification(notification(1))]));
  assert.equal(one.received, ['-1: 1', '-2: 1']);
  assert.not(first.closed || second.closed);
  first.connection?.destroy();
  world.time.advance(10);
  one.manager.send(-1, notification(1));
  assert.is(one.manager.connectionCount, 1);
});

test('field report B7: a stranger that claims the id of a connected server ends no connection of it, and it still hears and is heard', () => {
  const world = new World(1, 2);
  const [one, two] = [world.start(1), world.start(2)];
  two.manager.send(1, notification(1));
  world.time.advance(100);
  const claims = Array.from({ length: 3 * LINKS_MAX }, () => world.stranger(1, initial(2)));
  assert.ok(two.manager.isConnected(1));
  one.manager.send(2, notification(5));
  two.manager.send(1, notification(6));
  world.time.advance(100);
  assert.equal([one.received, two.received], [['2: 1', '2: 6'], ['1: 5']]);
  const open = claims.filter(({ closed }) => !closed);
  assert.is(open.length, LINKS_MAX - 1, 'of the claims the newest stay');
  assert.not(claims.at(-1)!.closed);
  assert.is(one.host.connectionCount, LINKS_MAX);
  one.manager.close();
  world.time.advance(10);
  assert.is(one.host.connectionCount, 0);
});

test('of two connections of an id that no configuration names, one may close', () => {
  const world = new World(1, 2);
  const one = world.start(1);
  const [first, second] = [world.stranger(1, initial(9)), world.stranger(1, initial(9))];
  first.connection?.destroy();
  world.time.advance(10);
  assert.ok(one.manager.isConnected(9));
  one.manager.send(9, notification(4));
  world.time.advance(10);
  assert.is(second.bytesRead, encodeNotification(notification(4)).length);
  one.manager.close();
  world.time.advance(10);
  assert.is(one.host.connectionCount, 0);
});

test('field report B7: a claim to be the smaller id makes the larger dial that server, at most once a second', () => {
  const world = new World(1, 2);
  const [one, two] = [world.start(1), world.start(2)];
  two.manager.send(1, notification(1));
  world.time.advance(100);
  for (let at = 0; at < 20; at++) {
    world.stranger(2, initial(1));
    two.manager.send(1, notification(10 + at));
    world.time.advance(20);
  }
  assert.is(one.received.at(-1), '2: 29');
  assert.equal(
    [...new Set(one.received)].filter(line => !['2: 1'].includes(line)).length,
    20,
    'every message arrived',
  );
  assert.ok(one.received.length <= 23, `${one.received.length}: each new connection says the last one again`);
  assert.is(one.host.connectionCount, 1);
});

test('a server that lost its connection silently is heard and told through the next one', () => {
  const world = new World(1, 2);
  const [one, two] = [world.start(1), world.start(2)];
  two.manager.send(1, notification(1));
  world.time.advance(100);
  world.network.cut('zk1', 'zk2', 'blackhole');
  world.network.cut('zk2', 'zk1', 'blackhole');
  two.manager.close();
  world.time.advance(100);
  world.network.healAll();
  const again = world.start(2, [1, 2], 'zk2');
  again.manager.send(1, notification(7));
  world.time.advance(100);
  one.manager.send(2, notification(8));
  world.time.advance(100);
  assert.is(one.received.at(-1), '2: 7');
  assert.is(again.received.at(-1), '1: 8');
});

test('a question for the accepted epoch is answered, however it is split in two, and its connection ends', () => {
  const writer = new JuteWriter();
  writeEpochQuestion(writer);
  const question = writer.toBuffer();
  for (let cut = 1; cut <= question.length; cut++) {
    const world = new World(1, 2);
    const one = world.start(1);
    const stranger = world.stranger(1, question.subarray(0, cut));
    if (cut < question.length) stranger.connection?.write(question.subarray(cut));
    world.time.advance(100);
    assert.ok(stranger.closed);
    assert.is(stranger.bytesRead, EPOCH_ANSWER_BYTES);
    assert.equal([one.manager.connectionCount, one.warnings.length], [0, 0]);
  }
});

test('askAcceptedEpoch hears what the member says, and null from anybody else', () => {
  const world = new World(1, 2);
  const [, two] = [world.start(1), world.start(2)];
  const ask = (sid: number, host: string, port = PORT): number | null | undefined => {
    let heard: number | null | undefined;
    const clock = new VirtualClock(world.time);
    const question = { sid, address: { host, port }, timeoutMs: CNX_TIMEOUT_MS };
    askAcceptedEpoch({ clock, network: two.host }, question, epoch => {
      heard = epoch;
    });
    world.time.advance(CNX_TIMEOUT_MS + 100);
    return heard;
  };
  assert.is(ask(1, 'zk1'), ACCEPTED_EPOCH);
  assert.is(ask(3, 'zk1'), null, 'another server');
  assert.is(ask(1, 'zk1', PORT + 1), null, 'nobody');
  assert.is(two.host.connectionCount, 0);
});

test('bad frames close that one connection, with one line in the log, and harm nobody', () => {
  const frame = encodeNotification(notification(1));
  const length = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const random = new SeededRandom('bad frames');
  const noise = Buffer.from(Array.from({ length: 300 }, () => random.below(256)));
  const rows: [string, Buffer][] = [
    ['negative length', Buffer.concat([initial(9), length(-1)])],
    ['length 0', Buffer.concat([initial(9), length(0)])],
    ['oversized', Buffer.concat([initial(9), length(NOTIFICATION_BYTES_MAX + 1)])],
    ['body too short', Buffer.concat([initial(9), length(27), Buffer.alloc(27)])],
    ['configuration cut off', Buffer.concat([initial(9), length(45), frame.subarray(4, 49)])],
    ['noise after the name', Buffer.concat([initial(9), noise])],
    ['noise', noise],
    ['own id', initial(2)],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: zk\r\n\r\n')],
  ];
  const world = new World(1, 2);
  const [one, two] = [world.start(1), world.start(2)];
  for (const [title, bytes] of rows) {
    two.warnings.length = 0;
    const stranger = world.stranger(2, bytes);
    assert.ok(stranger.closed, `${title}: closed`);
    assert.is(two.warnings.length, 1, `${title}: ${two.warnings.join(' | ')}`);
  }
  one.manager.send(2, notification(6));
  world.time.advance(100);
  assert.equal(two.received, ['1: 6']);
  assert.is(two.host.connectionCount, 1);
});

test('a message is read in any two pieces, and byte by byte', () => {
  const bytes = Buffer.concat([
    initial(9),
    encodeNotification(notification(1)),
    encodeNotification(notification(2)),
  ]);
  for (let cut = 1; cut < bytes.length; cut++) {
    const world = new World(1, 2);
    const one = world.start(1);
    const stranger = world.stranger(1, bytes.subarray(0, cut));
    stranger.connection?.write(bytes.subarray(cut));
    world.time.advance(10);
    assert.equal(one.received, ['9: 1', '9: 2'], `cut at ${cut}`);
  }
  const world = new World(1, 2);
  const one = world.start(1);
  const stranger = world.stranger(1, bytes.subarray(0, 1));
  for (const byte of bytes.subarray(1)) {
    stranger.connection?.write(Buffer.of(byte));
    world.time.advance(1);
  }
  assert.equal(one.received, ['9: 1', '9: 2']);
});

test('a connection that does not say who it is is closed after quorumCnxnTimeoutMs', () => {
  const world = new World(1, 2);
  const one = world.start(1);
  const silent = world.stranger(1, Buffer.alloc(0));
  const slow = world.stranger(1, initial(9).subarray(0, 10));
  world.time.advance(HELLO_TIMEOUT_MS - 100);
  assert.not(silent.closed || slow.closed);
  world.time.advance(200);
  assert.ok(silent.closed && slow.closed);
  assert.is(one.manager.connectionCount, 0);
  assert.is(one.warnings.length, 2);
});

test('a flood of silent connections is bounded, and a real peer gets through', () => {
  const world = new World(1, 2);
  const [one, two] = [world.start(1), world.start(2)];
  for (let i = 0; i < UNNAMED_CONNECTIONS_MAX + 50; i++) world.stranger(2, Buffer.alloc(0));
  assert.is(two.manager.connectionCount, UNNAMED_CONNECTIONS_MAX);
  one.manager.send(2, notification(1));
  world.time.advance(100);
  assert.equal(two.received, ['1: 1']);
});

test('a flood of invented ids is bounded', () => {
  const world = new World(1, 2);
  const one = world.start(1);
  for (let i = 0; i < UNKNOWN_PEERS_MAX + 20; i++) world.stranger(1, initial(100 + i));
  assert.is(one.manager.connectionCount, UNKNOWN_PEERS_MAX);
  assert.is(one.warnings.length, 20);
});

test('B5: a flood from one host ends no connection of another host that is about to say who it is', () => {
  const world = new World(1, 2);
  const one = world.start(1);
  const slow = world.stranger(1, initial(9).subarray(0, 10), 'elsewhere');
  for (let i = 0; i < UNNAMED_CONNECTIONS_MAX + 50; i++) world.stranger(1, Buffer.alloc(0));
  assert.is(one.manager.connectionCount, UNNAMED_CONNECTIONS_MAX);
  assert.not.ok(slow.closed);
  slow.connection!.write(initial(9).subarray(10));
  world.time.advance(10);
  assert.ok(one.manager.isConnected(9));
});

/** Half a message, as large as one may be. */
function half(): Buffer {
  const bytes = Buffer.alloc(4 + NOTIFICATION_BYTES_MAX / 2);
  bytes.writeInt32BE(NOTIFICATION_BYTES_MAX);
  return bytes;
}

test('B5: partial messages of all unknown servers together are bounded; members keep their own room', () => {
  const world = new World(1, 2);
  const [one, two] = [world.start(1), world.start(2)];
  const strangers = Array.from({ length: 200 }, (_, n) => {
    const stranger = world.stranger(1, initial(100 + n));
    stranger.connection!.write(half());
    world.time.advance(10);
    return stranger;
  });
  const open = strangers.filter(({ closed }) => !closed).length;
  assert.ok(open * half().length <= UNKNOWN_BYTES_MAX && open > 50, `${open} are open`);
  two.manager.send(1, notification(2));
  world.time.advance(100);
  assert.equal(one.received, ['2: 2']);
});

test('B5: what unknown servers do not read is bounded for all of them together', () => {
  const world = new World(1, 2);
  const one = world.start(1);
  const big = { ...notification(1), config: Buffer.alloc(400_000) };
  const strangers = Array.from({ length: 60 }, (_, n) => {
    const stranger = world.stranger(1, initial(100 + n));
    stranger.connection!.pause();
    for (let i = 0; i < 4; i++) one.manager.send(100 + n, big);
    world.time.advance(10);
    return stranger;
  });
  const open = strangers.filter(({ closed }) => !closed).length;
  assert.ok(open < 30 && open > 5, `${open} are open`);
});

test('B5: a message that comes byte by byte is joined as it comes', () => {
  const feed: ((chunk: Buffer) => void)[] = [];
  const connection = {
    remote: { host: 'stranger', port: 1 },
    bytesQueued: 0,
    start: ({ onData }: ConnectionEvents) => void feed.push(onData),
    destroy() {},
  };
  const got: number[] = [];
  const events = {
    onInitialMessage() {},
    onEpochQuestion: () => Buffer.alloc(0),
    onNotification: ({ round }: Notification) => void got.push(round),
    onPart() {},
    onDrain() {},
    onClosed() {},
  };
  new ElectionConnection(connection as unknown as Connection, false, events).start();
  const frame = encodeNotification({ ...notification(3), config: Buffer.alloc(3_000) });
  const chunks = Array.from(frame, byte => Buffer.from([byte]));
  for (const [at, chunk] of chunks.entries()) {
    feed[0]!(chunk);
    // Whatever has been copied is safe from this.
    if (at >= 200) chunks[at - 200]!.fill(7);
  }
  assert.equal(got, [3]);
});

test('a peer that does not read costs one output buffer, and gets the newest message later', () => {
  const world = new World(1, 2);
  const one = world.start(1);
  const stranger = world.stranger(1, initial(9));
  stranger.connection?.pause();
  const big = { ...notification(1), config: Buffer.alloc(400_000) };
  for (let i = 0; i < 100; i++) one.manager.send(9, big);
  world.time.advance(10);
  for (let i = 0; i < 100; i++) one.manager.send(9, big);
  stranger.connection?.resume();
  world.time.advance(1000);
  const { bytesRead } = stranger;
  assert.ok(bytesRead > 0 && bytesRead < 5 * 400_000, `${bytesRead} bytes`);
});

test('a peer that moved is dialed where the new configuration says', () => {
  const world = new World(1, 2);
  const two = world.start(2);
  world.network.cut('zk2', 'zk1', 'blackhole');
  two.manager.send(1, notification(1));
  world.time.advance(100);
  const moved = world.start(1, [1, 2], 'elsewhere');
  const addressOf = (host: string) => ({ electionAddresses: [{ host, port: PORT }] });
  two.manager.setMembers(
    new Map([
      [1, addressOf('elsewhere')],
      [2, addressOf('zk2')],
    ]),
  );
  world.time.advance(100);
  assert.equal(moved.received, ['2: 1']);
});

test('of two addresses of a peer, one by each configuration, the one that answers is found', () => {
  const world = new World(1, 2);
  const two = world.start(2);
  const moved = world.start(1, [1, 2], 'elsewhere');
  two.manager.setMembers(
    new Map([
      [1, { electionAddresses: ['gone', 'elsewhere'].map(host => ({ host, port: PORT })) }],
      [2, { electionAddresses: [{ host: 'zk2', port: PORT }] }],
    ]),
  );
  two.manager.setPersistent(true);
  two.manager.send(1, notification(1));
  world.time.advance(1000);
  assert.equal(moved.received, ['2: 1']);
});

test('a server whose own address changes listens at the new one, and not at the old one', () => {
  const world = new World(1, 2);
  const one = world.start(1);
  const two = world.start(2);
  const at = (sid: number, port: number) => ({ electionAddresses: [{ host: `zk${sid}`, port }] });
  const members = new Map([
    [1, at(1, PORT + 1)],
    [2, at(2, PORT)],
  ]);
  one.manager.setMembers(members);
  two.manager.send(1, notification(1));
  world.time.advance(1000);
  assert.equal(one.received, []);
  two.manager.setMembers(members);
  two.manager.send(1, notification(2));
  world.time.advance(1000);
  assert.equal(one.received, ['2: 2']);
});

test('a member that the next configuration does not name loses its connection; it may ask again as a stranger', () => {
  const world = new World(1, 2, 3);
  const [one, two, three] = [world.start(1), world.start(2), world.start(3)];
  one.manager.send(2, notification(1));
  three.manager.send(1, notification(3));
  world.time.advance(1000);
  assert.equal([one.manager.isConnected(2), one.manager.isConnected(3)], [true, true]);
  one.manager.setMembers(
    new Map([1, 3].map(sid => [sid, { electionAddresses: [{ host: `zk${sid}`, port: PORT }] }])),
  );
  world.time.advance(1000);
  assert.equal([one.manager.isConnected(2), one.manager.isConnected(3)], [false, true]);
  two.manager.send(1, notification(7));
  world.time.advance(1000);
  assert.ok(one.received.includes('2: 7'));
});

test('a taken port is tried three times, a second apart; then the owner is told', () => {
  const world = new World(1, 2);
  const one = world.start(1);
  const second = new QuorumCnxManager(
    { clock: one.host.clock, network: one.host, logger: silentLogger, metrics: new Metrics() },
    {
      sid: 1,
      members: new Map([[1, { electionAddresses: [{ host: 'zk1', port: PORT }] }]]),
      cnxTimeoutMs: CNX_TIMEOUT_MS,
      helloTimeoutMs: HELLO_TIMEOUT_MS,
      bindTriesMax: 3,
      acceptedEpoch: () => ACCEPTED_EPOCH,
    },
    { onNotification: () => {}, onListenFailed: error => failures.push(`${error.code}: ${error.message}`) },
  );
  const failures: string[] = [];
  second.start();
  world.time.advance(1900);
  assert.is(failures.length, 0);
  world.time.advance(200);
  assert.match(failures.join(), /^ZK_LISTEN: election port zk1:3888 cannot be bound: EADDRINUSE/);
});

test('close() leaves nothing behind while everything is under way', () => {
  const world = new World(1, 2, 3);
  const two = world.start(2);
  world.start(3);
  two.manager.setPersistent(true);
  two.manager.send(1, notification(1));
  two.manager.send(3, notification(1));
  world.stranger(2, Buffer.alloc(0));
  two.manager.close();
  world.time.runUntilIdle(1000);
  assert.is(two.manager.connectionCount, 0);
  assert.is(two.host.connectionCount, 0);
  assert.is(two.host.listenerAt(PORT), undefined);
});
