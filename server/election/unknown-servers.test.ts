import { assert, suite } from '#test';
import type { Connection, ConnectionEvents } from '../runtime/runtime.ts';
import { SeededRandom } from '../runtime/seeded-random.ts';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import {
  EPOCH_ANSWER_BYTES,
  encodeNotification,
  NOTIFICATION_BYTES_MAX,
  type Notification,
  writeEpochQuestion,
} from '../wire/election-message.ts';
import { JuteWriter } from '../wire/jute.ts';
import { ElectionConnection } from './election-connection.ts';
import { LINKS_MAX } from './election-peer.ts';
import { askAcceptedEpoch } from './epoch-question.ts';
import {
  ACCEPTED_EPOCH,
  CNX_TIMEOUT_MS,
  HELLO_TIMEOUT_MS,
  initial,
  notification,
  PORT,
  World,
} from './quorum-cnx-manager.test-kit.ts';
import { UNKNOWN_BYTES_MAX, UNKNOWN_PEERS_MAX } from './quorum-cnx-manager.ts';
import { UNNAMED_CONNECTIONS_MAX } from './unnamed-connections.ts';

const test = suite('election: connections of servers that no configuration names');

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

test('field report B7: a stranger that claims the id of a connected server ends none of its connections, and that server still hears and is heard', () => {
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
    const question = { sid, addresses: [{ host, port }], timeoutMs: CNX_TIMEOUT_MS };
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

test('bad frames close their connection, with one line in the log, and harm no other', () => {
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

test('B5: incomplete messages of all unknown servers together are bounded; members keep their own room', () => {
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

test('B5: output that unknown servers do not read is bounded for all of them together', () => {
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

test('B5: a message that arrives byte by byte is joined as it arrives', () => {
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
    // Overwrites chunks that must have been copied by now.
    if (at >= 200) chunks[at - 200]!.fill(7);
  }
  assert.equal(got, [3]);
});
