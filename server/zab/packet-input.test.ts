import { assert, suite } from '#test';
import { Follower } from '../learner/follower.ts';
import { e2, Play } from '../master/leader/leader.test-kit.ts';
import type { Connection } from '../runtime/runtime.ts';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { createPacket } from '../storage/storage.test-kit.ts';
import { TURN_UNITS } from '../turns/turn-budget.ts';
import { JuteError, JuteWriter } from '../wire/jute.ts';
import { juteLimits } from '../wire/jute-limits.ts';
import { PacketType, writeQuorumPacket } from '../wire/quorum-packet.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import { PacketInput, quorumTurns } from './packet-input.ts';
import { PacketReader } from './packet-stream.ts';
import { Stage } from './peer.test-kit.ts';

const test = suite('quorum: packets and turns');

const { ACK, COMMIT, DIFF, NEWLEADER, PING, PROPOSAL, REQUEST } = PacketType;

function packets(count: number, type: PacketType = ACK, data: Buffer | null = null): Buffer {
  const writer = new JuteWriter();
  for (let zxid = 1; zxid <= count; zxid++) writeQuorumPacket(writer, { type, zxid, data, authinfo: null });
  return writer.toBuffer();
}

function setUp() {
  const clock = new VirtualClock();
  const state = { paused: false, errors: [] as unknown[] };
  const connection = {
    pause: () => {
      state.paused = true;
    },
    resume: () => {
      state.paused = false;
    },
  } as unknown as Connection;
  const taken: { zxid: number; turn: number }[] = [];
  const reader = new PacketReader(juteLimits().packetBytesMax, ({ zxid }) => {
    taken.push({ zxid, turn: clock.turns });
  });
  const turns = quorumTurns(clock);
  const input = new PacketInput(reader, {
    connection,
    turns: () => turns,
    onError: error => void state.errors.push(error),
  });
  const run = (body: () => void) => {
    clock.after(1, body);
    clock.runUntilIdle();
  };
  const mostInATurn = () => {
    const counts = new Map<number, number>();
    for (const { turn } of taken) counts.set(turn, (counts.get(turn) ?? 0) + 1);
    return Math.max(...counts.values());
  };
  return { clock, state, reader, input, taken, run, mostInATurn };
}

test('all packets of a healthy peer are taken at once', () => {
  const { input, taken, state, run } = setUp();
  run(() => {
    input.feed(packets(200), 0);
    assert.is(taken.length, 200);
    assert.is(state.paused, false);
  });
});

test('field report B: thousands of tiny packets in one chunk are taken in slices of a turn, in order, and nothing is read meanwhile', () => {
  const { input, taken, state, run, mostInATurn } = setUp();
  const count = 50_000;
  run(() => {
    input.feed(packets(count), 0);
    assert.is(state.paused, true);
  });
  assert.equal(
    taken.map(({ zxid }) => zxid),
    Array.from({ length: count }, (_, n) => n + 1),
  );
  assert.ok(mostInATurn() <= TURN_UNITS, `${mostInATurn()} in a turn`);
  assert.is(state.paused, false);
});

test('a packet that is taken in pieces is whole before the next one', () => {
  const { input, taken, run } = setUp();
  const order: string[] = [];
  run(() => {
    input.takeInPieces(budget => {
      budget.spend(TURN_UNITS);
      order.push(`piece ${taken.length}`);
      return order.length < 5;
    });
    input.feed(packets(3), 0);
  });
  assert.equal(order, Array(5).fill('piece 0'));
  assert.is(taken.length, 3);
});

test('malformed input ends the stream where it stands, in whichever turn', () => {
  const { input, taken, state, run } = setUp();
  run(() => input.feed(Buffer.concat([packets(9_000), Buffer.alloc(64, 0xff)]), 0));
  assert.is(taken.length, 9_000);
  assert.is(state.errors.length, 1);
  assert.ok(state.errors[0] instanceof JuteError);
});

test('a stopped input takes nothing more, though packets wait', () => {
  const { input, taken, run } = setUp();
  let before = 0;
  run(() => {
    input.feed(packets(50_000), 0);
    before = taken.length;
    input.stop();
  });
  assert.ok(before > 0 && before < 50_000);
  assert.is(taken.length, before);
});

test('an owner that waits for its disk keeps the connection paused when the line is empty', () => {
  const { input, state, run } = setUp();
  run(() => {
    input.feed(packets(50_000), 0);
    input.hold();
  });
  assert.is(state.paused, true);
  input.release();
  assert.is(state.paused, false);
});

test('field report B: a PING of 100,000 sessions is taken in pieces, and the ACK behind it comes after it', () => {
  const play = new Play();
  const two = play.serve(2);
  const { tracker } = play.leader.server!;
  const { clock } = play.stage.context;
  const perTurn = new Map<number, number>();
  const get = tracker.get.bind(tracker);
  tracker.get = (high, low) => {
    perTurn.set(clock.turns, (perTurn.get(clock.turns) ?? 0) + 1);
    return get(high, low);
  };
  two.send(PING, 0, Buffer.alloc(100_000 * 12));
  play.stage.time.advance(1_000);
  const touched = [...perTurn.values()].reduce((sum, count) => sum + count, 0);
  assert.is(touched, 100_000);
  assert.ok(Math.max(...perTurn.values()) < 50_000, `${Math.max(...perTurn.values())} in a turn`);
  assert.is(two.closed, null);
});

test('a stranger that pipelines requests uses up turns of clients, not turns of voters', () => {
  const play = new Play();
  play.serve(2);
  const observer = play.observe(4);
  observer.send(REQUEST, -1, Buffer.alloc(16));
  play.stage.settle();
  const turnsOf = (sid: number) =>
    play.leader.turnsOf([...play.leader.handlers].find(handler => handler.sid === sid)!);
  assert.is(turnsOf(4), play.stage.context.turns);
  assert.is.not(turnsOf(2), play.stage.context.turns);
});

function txn(type: PacketType, packet: TxnPacket): Buffer {
  const bytes = Buffer.from(packet.bytes);
  bytes.writeInt32BE(type, 0);
  return bytes;
}

test('a DIFF of thousands of transactions in a few chunks is applied in slices, whole and in order', () => {
  const stage = new Stage({ sid: 2 });
  const accept = stage.playMember(1, 2888);
  const follower = new Follower(
    stage.context,
    [[{ sid: 1, addresses: [{ host: 'zk1', port: 2888 }] }]],
    () => {},
  );
  follower.start(reason => {
    stage.ended = reason;
  });
  const master = accept();
  master.told();
  master.sendLeaderInfo(2);
  master.told();
  const count = 6_000;
  const { clock } = stage.context;
  const perTurn = new Map<number, number>();
  const { database } = stage;
  const applyPacket = database.applyPacket.bind(database);
  database.applyPacket = packet => {
    perTurn.set(clock.turns, (perTurn.get(clock.turns) ?? 0) + 1);
    return applyPacket(packet);
  };
  const sync: Buffer[] = [];
  for (let n = 1; n <= count; n++) {
    const packet = createPacket(makeZxid(1, n));
    sync.push(txn(PROPOSAL, packet), packetOf(COMMIT, packet.zxid));
  }
  master.send(DIFF, makeZxid(1, count)).write(Buffer.concat(sync)).send(NEWLEADER, e2(0));
  stage.wait(() => database.lastProcessedZxid === makeZxid(1, count), 'all of it to be applied');
  assert.equal(master.told(), ['ACK 0x200000000']);
  assert.ok(Math.max(...perTurn.values()) <= TURN_UNITS / 8, `${Math.max(...perTurn.values())} in a turn`);
  assert.is(stage.ended, null);
});

function packetOf(type: PacketType, zxid: number): Buffer {
  const writer = new JuteWriter();
  writeQuorumPacket(writer, { type, zxid, data: null, authinfo: null });
  return writer.toBuffer();
}
