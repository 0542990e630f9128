import { assert, suite } from '#test';
import { parseConfig } from '../config/server-config.ts';
import { configurationOf } from '../membership/configuration.ts';
import { Membership } from '../membership/membership.ts';
import { parseQuorumConfig } from '../membership/quorum-text.ts';
import { ServerEvents } from '../metrics/server-events.ts';
import { silentLogger } from '../runtime/logger.ts';
import { RatedLog } from '../runtime/rated-log.ts';
import type { Connection, ConnectionEvents } from '../runtime/runtime.ts';
import { VirtualClock } from '../runtime/virtual-clock.ts';
import { VirtualTime } from '../runtime/virtual-time.ts';
import { databaseDefaults, type ZkDatabaseConfig } from '../storage/database-config.ts';
import { createPacket, type TestRig, testRig } from '../storage/storage.test-kit.ts';
import { ZkDatabase } from '../storage/zk-database.ts';
import type { TurnQueue } from '../turns/turn-queue.ts';
import { JuteWriter } from '../wire/jute.ts';
import { juteLimits } from '../wire/jute-limits.ts';
import {
  PacketType,
  packetName,
  type QuorumPacket,
  SNAPSHOT_SIGNATURE,
  writeQuorumPacket,
} from '../wire/quorum-packet.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import { quorumTurns } from '../zab/packet-input.ts';
import { PacketReader } from '../zab/packet-stream.ts';
import { LearnerBacklog } from './learner-backlog.ts';
import { LearnerHandler } from './learner-handler.ts';
import type { LearnerMaster } from './learner-master.ts';
import { syncThrottlers } from './learner-sync-throttler.ts';

const test = suite("quorum: the master's side of a learner");

const EPOCH = 2;
const NEWLEADER_ZXID = makeZxid(EPOCH, 0);
/** The last transaction that both sides have. */
const COMMON = makeZxid(1, 1);
const MISSED = makeZxid(1, 2);
const PENDING = makeZxid(EPOCH, 1);
const LATER = makeZxid(EPOCH, 2);

/** Records whatever the handler writes, and tells it what the other end does. */
class FakeConnection implements Connection {
  readonly local = { host: 'a', port: 2888 };
  readonly remote = { host: 'b', port: 40_000 };
  readonly peerCertificate = null;
  bytesQueued = 0;
  written: Buffer[] = [];
  events: ConnectionEvents | null = null;
  destroyed: string | undefined;
  /** What `write` answers. */
  hasRoom = true;

  start(events: ConnectionEvents): void {
    this.events = events;
  }

  write(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
    this.written.push(Buffer.from(bytes.subarray(start, end)));
    return this.hasRoom;
  }

  writeShared(bytes: Uint8Array): boolean {
    return this.write(bytes);
  }

  limitIdle(): void {}

  keepAlive(): void {}

  end(): void {}

  destroy(reason = ''): void {
    this.destroyed = reason;
  }

  pause(): void {}
  resume(): void {}
}

function infoOf(sid: number): Buffer {
  return new JuteWriter().writeLong(sid).writeInt(0x10000).writeLong(0).toBuffer();
}

class Story {
  readonly rig: TestRig = testRig();
  readonly connection = new FakeConnection();
  readonly database: ZkDatabase;
  readonly handler: LearnerHandler;
  readonly turns: TurnQueue;
  readonly acks: number[] = [];
  readonly backlog: LearnerBacklog;
  isSpare = true;
  isVoter = true;
  isForwarding = false;
  /** Calls of `stopForwarding`. */
  stopped = 0;
  /** What the leader has proposed and not committed when the learner registers. */
  pending: TxnPacket[] = [];
  #start: (() => void) | null = null;

  constructor(settings = '', database: Partial<ZkDatabaseConfig> = {}, backlogBytesMax?: number) {
    this.backlog = new LearnerBacklog(backlogBytesMax);
    this.turns = quorumTurns(this.rig.clock);
    const { clock, disk, random, metrics } = this.rig;
    const events = new ServerEvents();
    const parts = { disk, clock, random, metrics, events, logger: silentLogger };
    const directories = { dataDir: '/d', dataLogDir: '/d' };
    this.database = new ZkDatabase(parts, { ...databaseDefaults, ...database, ...directories });
    this.database.load();
    for (const zxid of [COMMON, MISSED]) this.logAndApply(createPacket(zxid));
    const serverConfig = parseConfig({ path: '/zoo.cfg', text: `dataDir=/d\nclientPort=2181\n${settings}` });
    const master: LearnerMaster<LearnerHandler> = {
      context: {
        sid: 1,
        config: serverConfig,
        clock,
        database: this.database,
        metrics,
        events,
        logger: silentLogger,
        lines: new RatedLog({ logger: silentLogger, clock: new VirtualClock(new VirtualTime()) }),
        membership: new Membership(1, configurationOf(parseQuorumConfig(''))),
      },
      acceptsFollowers: true,
      addresses: { has: () => false, claimed() {} },
      throttlers: syncThrottlers({ config: serverConfig, metrics }),
      awaitEpoch: (_handler, _info, done) => done(EPOCH),
      awaitEpochAck: (_handler, _currentEpoch, _lastZxid, done) => done(),
      startForwarding: handler => {
        this.isForwarding = true;
        for (const packet of this.pending) handler.sendProposal(packet);
      },
      stopForwarding: () => {
        this.isForwarding = false;
        this.stopped++;
      },
      backlogOf: () => this.backlog,
      canSpare: () => this.isSpare,
      awaitSeat: (_handler, done) => done(),
      awaitStart: (_handler, done) => {
        this.#start = done;
      },
      onAck: (_handler, zxid) => void this.acks.push(zxid),
      onTouched() {},
      isVoter: () => this.isVoter,
      onHeldBack() {},
      onPartialPacket() {},
      turnsOf: () => this.turns,
      onRequest() {},
      onRevalidate() {},
      onClosed() {},
      configText: 'version=0',
    };
    this.handler = new LearnerHandler(this.connection, master);
  }

  receive(type: number, zxid: number, data: Buffer | null = null): void {
    const writer = new JuteWriter();
    writeQuorumPacket(writer, { type, zxid, data, authinfo: null } satisfies QuorumPacket);
    this.connection.events?.onData(writer.toBuffer());
  }

  /** Runs the handshake up to the sync, as a follower that has `COMMON`. */
  discover(): void {
    this.receive(PacketType.FOLLOWERINFO, makeZxid(1, 0), infoOf(3));
    assert.equal(this.sent(), ['LEADERINFO 0x200000000']);
    this.receive(PacketType.ACKEPOCH, COMMON, Buffer.from([0, 0, 0, 1]));
  }

  logAndApply(packet: TxnPacket): void {
    this.database.append(packet);
    this.database.applyPacket(packet);
  }

  serve(): void {
    this.#start?.();
  }

  commit(packet: TxnPacket): void {
    const bytes = new JuteWriter();
    writeQuorumPacket(bytes, { type: PacketType.COMMIT, zxid: packet.zxid, data: null, authinfo: null });
    this.handler.sendBatch(PacketType.COMMIT, bytes.toBuffer(), 1);
  }

  takeBytes(): Buffer {
    const bytes = Buffer.concat(this.connection.written);
    this.connection.written = [];
    return bytes;
  }

  /** The packets written since the last call. */
  sent(bytes = this.takeBytes()): string[] {
    const packets: string[] = [];
    const reader = new PacketReader(
      juteLimits().packetBytesMax,
      ({ type, zxid }) => void packets.push(`${packetName(type)} 0x${zxid.toString(16)}`),
    );
    reader.feed(bytes);
    return packets;
  }
}

test('ZOOKEEPER-4394: live traffic waits for UPTODATE and follows it in order', () => {
  const story = new Story();
  story.pending = [createPacket(PENDING)];
  story.discover();
  const synced = ['DIFF 0x100000002', 'PROPOSAL 0x100000002', 'COMMIT 0x100000002', 'NEWLEADER 0x200000000'];
  assert.equal(story.sent(), synced);
  story.commit(createPacket(PENDING));
  story.handler.sendProposal(createPacket(LATER));
  assert.equal(story.sent(), []);
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  assert.equal(story.sent(), [], 'the leader does not serve yet');
  story.serve();
  const live = ['PROPOSAL 0x200000001', 'COMMIT 0x200000001', 'PROPOSAL 0x200000002'];
  assert.equal(story.sent(), ['UPTODATE 0x-1', ...live]);
  assert.ok(story.handler.synced);
});

test('ZOOKEEPER-4685: acks of synced transactions that come before the ack of NEWLEADER count for nothing', () => {
  const story = new Story();
  story.discover();
  story.receive(PacketType.ACK, MISSED);
  assert.is(story.connection.destroyed, undefined);
  assert.is(story.handler.synced, false);
  assert.equal(story.acks, []);
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  story.serve();
  assert.ok(story.handler.synced);
});

test('a learner that acks NEWLEADER before it was sent is closed: it does not have that history yet', () => {
  const story = new Story('forceSnapshotSync=true\n');
  for (let n = 3; n < 10; n++) story.database.applyPacket(createPacket(makeZxid(1, n), 'x'.repeat(150_000)));
  story.discover();
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  assert.match(story.connection.destroyed ?? '', /came before NEWLEADER was sent/);
});

test('an ack of another epoch is no ack of NEWLEADER', () => {
  const story = new Story();
  story.discover();
  story.receive(PacketType.ACK, makeZxid(1, 0));
  assert.match(story.connection.destroyed ?? '', /ACK of NEWLEADER 0x200000000 was expected/);
});

test('a snapshot is sent whole: no NEWLEADER, ping or commit gets into it', () => {
  const story = new Story('forceSnapshotSync=true\n');
  const big = 'x'.repeat(150_000);
  for (let n = 3; n < 10; n++) story.database.applyPacket(createPacket(makeZxid(1, n), big));
  story.discover();
  const last = createPacket(PENDING);
  story.handler.sendProposal(last);
  story.handler.tick(PENDING);
  story.commit(last);
  story.rig.clock.run();
  const bytes = story.takeBytes();
  const mark = Buffer.concat([
    Buffer.from([0, 0, 0, SNAPSHOT_SIGNATURE.length]),
    Buffer.from(SNAPSHOT_SIGNATURE),
  ]);
  const end = bytes.indexOf(mark) + mark.length;
  assert.ok(end > 7 * big.length, 'the snapshot took several slices');
  assert.equal(story.sent(bytes.subarray(end)), ['NEWLEADER 0x200000000']);
  story.handler.tick(PENDING);
  assert.equal(story.sent(), ['PING 0x200000001']);
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  story.serve();
  assert.equal(story.sent(), ['UPTODATE 0x-1', 'PROPOSAL 0x200000001', 'COMMIT 0x200000001']);
});

/** Longer than the memory of the master, and than one slice. */
function longHistory(config: Partial<ZkDatabaseConfig> = {}): Story {
  const story = new Story('', { commitLogCount: 2, snapshotSizeFactor: 1e6, ...config });
  for (let n = 3; n <= 12; n++) story.logAndApply(createPacket(makeZxid(1, n), 'x'.repeat(100_000)));
  return story;
}

test('a DIFF from the log is read and sent one slice a turn; what is committed meanwhile follows it in order', () => {
  const story = longHistory();
  story.discover();
  assert.equal(story.sent(), [], 'the log is not read in one turn');
  const bytes: Buffer[] = [];
  let next = 13;
  let turns = 0;
  do {
    // One transaction of the running epoch is proposed and committed between any two turns.
    const live = createPacket(makeZxid(1, next++));
    story.logAndApply(live);
    story.handler.sendProposal(live);
    story.commit(live);
    const slice = story.takeBytes();
    assert.ok(slice.length < 400_000, `${slice.length} bytes in one turn`);
    bytes.push(slice);
    turns++;
  } while (story.rig.clock.step());
  assert.ok(turns > 6, `${turns} turns`);
  bytes.push(story.takeBytes());
  const sent = story.sent(Buffer.concat(bytes));
  const expected = ['DIFF 0x10000000c'];
  for (let n = 2; n <= 12; n++) {
    const zxid = `0x${makeZxid(1, n).toString(16)}`;
    expected.push(`PROPOSAL ${zxid}`, `COMMIT ${zxid}`);
  }
  assert.equal(sent, [...expected, 'NEWLEADER 0x200000000']);
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  story.serve();
  const after = story.sent();
  assert.equal(after.slice(0, 3), ['UPTODATE 0x-1', 'PROPOSAL 0x10000000d', 'COMMIT 0x10000000d']);
  assert.is(after.length, 1 + 2 * (next - 13), 'each once');
});

test('a log with a gap leads to a SNAP, and what the SNAP holds is not sent again after it', () => {
  const story = longHistory();
  story.database.flush(() => {});
  story.rig.clock.run();
  const [path] = story.rig.disk.list('/d/version-2').filter(name => name.startsWith('log.'));
  story.rig.disk.flipBit(`/d/version-2/${path}`, 800_000);
  story.discover();
  const within = createPacket(makeZxid(1, 13));
  story.logAndApply(within);
  story.handler.sendProposal(within);
  story.commit(within);
  story.rig.clock.run();
  const bytes = story.takeBytes();
  assert.is(story.handler.syncMode, 'SNAP');
  assert.is(bytes.readInt32BE(0), PacketType.SNAP);
  assert.is(Number(bytes.readBigInt64BE(4)), makeZxid(1, 13));
  const live = createPacket(makeZxid(1, 14));
  story.handler.sendProposal(live);
  story.commit(live);
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  story.serve();
  assert.equal(story.sent(), ['UPTODATE 0x-1', 'PROPOSAL 0x10000000e', 'COMMIT 0x10000000e']);
});

test('when a learner leaves while the log is read for it, no file stays open and nothing is sent', () => {
  const story = longHistory();
  const { disk } = story.rig;
  const open = disk.open.bind(disk);
  let closed = 0;
  disk.open = (path, mode) => {
    const file = open(path, mode);
    const close = file.close.bind(file);
    file.close = () => {
      closed++;
      close();
    };
    return file;
  };
  story.discover();
  assert.is(closed, 0);
  story.connection.events?.onClose('gone');
  assert.is(closed, 1);
  story.rig.clock.run();
  assert.equal(story.sent(), []);
});

test('a learner that takes longer than initLimit to ack NEWLEADER is dropped; one that owes acks, after syncLimit', () => {
  const story = new Story('tickTime=100\ninitLimit=10\nsyncLimit=5\n');
  story.pending = [createPacket(PENDING)];
  story.discover();
  story.rig.clock.nowMs = 900;
  story.handler.tick(PENDING);
  assert.is(story.connection.destroyed, undefined);
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  story.serve();
  // What was held is owed since it was sent, not since it was proposed.
  story.rig.clock.nowMs = 1300;
  story.receive(PacketType.PING, 0, Buffer.alloc(0));
  story.handler.tick(PENDING);
  assert.is(story.connection.destroyed, undefined);
  story.rig.clock.nowMs = 1500;
  story.handler.tick(PENDING);
  assert.match(story.connection.destroyed ?? '', /not acked for 500 ms \(syncLimit\)/);

  const slow = new Story('tickTime=100\ninitLimit=10\nsyncLimit=5\n');
  slow.discover();
  slow.rig.clock.nowMs = 1001;
  slow.handler.tick(PENDING);
  assert.match(slow.connection.destroyed ?? '', /did not go on for 1000 ms \(initLimit\)/);
});

test('a sync longer than initLimit goes on as long as the learner takes some of it; one without progress ends', () => {
  const story = new Story('tickTime=100\ninitLimit=10\nsyncLimit=5\nforceSnapshotSync=true\n');
  for (let n = 3; n < 10; n++) {
    story.database.applyPacket(createPacket(makeZxid(1, n), 'x'.repeat(150_000)));
  }
  story.connection.hasRoom = false;
  story.discover();
  let slices = 0;
  // NEWLEADER names the configuration.
  for (; !story.takeBytes().includes('version=0'); slices++) {
    story.rig.clock.nowMs += 900;
    story.handler.tick(PENDING);
    assert.is(story.connection.destroyed, undefined, `after slice ${slices}`);
    story.connection.events?.onDrain?.();
  }
  assert.ok(slices > 2, `${slices} slices`);
  story.rig.clock.nowMs += 900;
  story.handler.tick(PENDING);
  assert.is(story.connection.destroyed, undefined);
  story.rig.clock.nowMs += 101;
  story.handler.tick(PENDING);
  assert.match(story.connection.destroyed ?? '', /did not go on for 1000 ms \(initLimit\)/);
});

test('an ack of some proposals leaves the others owed, counted from that ack on', () => {
  const story = new Story('tickTime=100\ninitLimit=10\nsyncLimit=5\n');
  story.pending = [createPacket(PENDING), createPacket(LATER)];
  story.discover();
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  story.serve();
  story.rig.clock.nowMs = 400;
  story.receive(PacketType.ACK, PENDING);
  for (const [nowMs, gone] of [
    [800, false],
    [901, true],
  ] as const) {
    story.rig.clock.nowMs = nowMs;
    story.receive(PacketType.PING, 0, Buffer.alloc(0));
    story.handler.tick(LATER);
    assert.is(story.connection.destroyed !== undefined, gone, `${nowMs} ms`);
  }
});

/** Brings the learner to UPTODATE. */
function serving(story: Story): Story {
  story.discover();
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  story.serve();
  story.sent();
  return story;
}

const live = (n: number) => createPacket(makeZxid(EPOCH, n), 'x'.repeat(10_000));
const names = (type: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `${type} 0x${makeZxid(EPOCH, from + at).toString(16)}`);

test('field report B6: what a full connection does not take waits as references, and follows in order when it drains', () => {
  const story = serving(new Story());
  const { connection, handler, backlog } = story;
  handler.sendInform(live(1));
  connection.hasRoom = false;
  handler.sendInform(live(2));
  assert.equal(story.sent(), names('INFORM', 1, 2), 'at once, and the last one too: it was taken');
  const packets = [3, 4, 5, 6].map(live);
  for (const packet of packets) handler.sendInform(packet);
  handler.sendPacket({ type: PacketType.SYNC, zxid: 0, data: null, authinfo: null });
  handler.tick(LATER);
  assert.equal(story.sent(), [], 'nothing is copied to it');
  assert.is(handler.packetsQueued, 6);
  assert.ok(backlog.bytes >= 4 * packets[0]!.bytes.length, `${backlog.bytes}`);
  connection.events?.onDrain?.();
  assert.equal(story.sent(), names('INFORM', 3, 3), 'still full behind it');
  connection.hasRoom = true;
  connection.events?.onDrain?.();
  assert.equal(story.sent(), [...names('INFORM', 4, 6), 'SYNC 0x0', `PING 0x${LATER.toString(16)}`]);
  assert.is(backlog.bytes, 0);
  assert.is(handler.packetsQueued, 0);
  handler.sendInform(live(7));
  assert.equal(story.sent(), names('INFORM', 7, 7));
});

test('field report B6: a learner that reads nothing is cut when too much waits for all, unless there is no quorum without it', () => {
  const stalled = (isSpare: boolean) => {
    const story = serving(new Story('', {}, 100_000));
    story.connection.hasRoom = false;
    story.isSpare = isSpare;
    for (let n = 1; n <= 20; n++) story.handler.sendProposal(live(n));
    return story;
  };
  const cut = stalled(true);
  assert.match(cut.connection.destroyed ?? '', /^\d+ bytes wait for a learner that does not keep up$/);
  assert.is(cut.backlog.bytes, 0);
  const needed = stalled(false);
  assert.is(needed.connection.destroyed, undefined);
  needed.connection.hasRoom = true;
  needed.connection.events?.onDrain?.();
  assert.equal(needed.sent(), names('PROPOSAL', 1, 20));
});

test('field report B5: while what is outstanding exceeds the backlog, a learner is brought nothing new, one round a turn', () => {
  const story = new Story('', {}, 50_000);
  story.pending = [3, 4, 5].map(n => createPacket(makeZxid(1, n), 'x'.repeat(30_000)));
  story.discover();
  assert.ok(story.stopped > 0);
  assert.not(story.sent().some(packet => packet.startsWith('NEWLEADER')));
  story.pending = [];
  story.rig.clock.run();
  assert.is(story.sent().at(-1), 'NEWLEADER 0x200000000');
});

test('field report B6: traffic held for a long sync is dropped, and follows from memory and log: each transaction once, in order', () => {
  for (const commitLogCount of [1, 4, 500]) {
    const story = new Story('forceSnapshotSync=true\n', { commitLogCount }, 50_000);
    const { connection, handler, backlog } = story;
    for (let n = 3; n < 10; n++) story.logAndApply(createPacket(makeZxid(1, n), 'x'.repeat(150_000)));
    const commit = (packet: TxnPacket) => {
      story.logAndApply(packet);
      if (story.isForwarding) handler.sendProposal(packet);
      if (story.isForwarding) story.commit(packet);
      assert.ok(backlog.bytes <= 50_000, `${backlog.bytes} bytes held`);
    };
    connection.hasRoom = false;
    story.discover();
    let next = 1;
    while (story.stopped < 3) {
      for (let n = 0; n < 20; n++) commit(live(next++));
      connection.events?.onDrain?.();
      story.rig.clock.run();
      assert.ok(next < 1000, `let go ${story.stopped} times`);
    }
    connection.hasRoom = true;
    connection.events?.onDrain?.();
    story.rig.clock.run();
    const bytes = story.takeBytes();
    const before = story.sent(bytes.subarray(bytes.indexOf(SNAPSHOT_SIGNATURE) + SNAPSHOT_SIGNATURE.length));
    const expected = (from: number, to: number) => {
      const proposals = names('PROPOSAL', from, to);
      return names('COMMIT', from, to).flatMap((name, at) => [proposals[at]!, name]);
    };
    const first = Number.parseInt(before[0]!.slice(-8), 16);
    assert.equal(
      before,
      [...expected(first, next - 1), 'NEWLEADER 0x200000000'],
      `${commitLogCount} in memory`,
    );
    // The learner writes the snapshot to its disk: it may take as long as it likes, too.
    const behind = next;
    for (let n = 0; n < 20; n++) commit(live(next++));
    story.receive(PacketType.ACK, NEWLEADER_ZXID);
    story.serve();
    for (let n = 0; n < 3; n++) commit(live(next++));
    story.rig.clock.run();
    commit(live(next++));
    assert.equal(story.sent(), ['UPTODATE 0x-1', ...expected(behind, next - 1)]);
    assert.ok(handler.synced);
    assert.is(backlog.bytes, 0);
  }
});

test('field report B6: an observer that falls behind again while it catches up gets each transaction once, as an INFORM', () => {
  const story = new Story('', { commitLogCount: 4 }, 50_000);
  const { connection, handler } = story;
  story.isVoter = false;
  story.receive(PacketType.OBSERVERINFO, makeZxid(1, 0), infoOf(4));
  story.receive(PacketType.ACKEPOCH, MISSED, Buffer.from([0, 0, 0, 1]));
  let next = 1;
  const commit = (count: number) => {
    for (const last = next + count; next < last; next++) {
      story.logAndApply(live(next));
      if (story.isForwarding) handler.sendInform(live(next));
    }
  };
  commit(40);
  assert.is(story.stopped, 1, 'before UPTODATE');
  story.sent();
  connection.hasRoom = false;
  story.receive(PacketType.ACK, NEWLEADER_ZXID);
  story.serve();
  commit(20);
  assert.is(story.stopped, 2, 'while the rest follows from the log');
  connection.hasRoom = true;
  connection.events?.onDrain?.();
  story.rig.clock.run();
  commit(1);
  assert.equal(story.sent(), ['UPTODATE 0x-1', ...names('INFORM', 1, next - 1)]);
});

test('an answer is never dropped: a learner that catches up after UPTODATE gets it after what was committed before, or is cut', () => {
  for (const isTooMuch of [false, true]) {
    const story = new Story('', {}, 50_000);
    const { connection, handler } = story;
    story.discover();
    for (let n = 1; n <= 40; n++) {
      story.logAndApply(live(n));
      handler.sendProposal(live(n));
      story.commit(live(n));
    }
    story.sent();
    connection.hasRoom = false;
    story.receive(PacketType.ACK, NEWLEADER_ZXID);
    story.serve();
    handler.sendPacket({ type: PacketType.SYNC, zxid: 0, data: null, authinfo: null });
    assert.not(story.sent().includes('SYNC 0x0'));
    if (isTooMuch) {
      for (let n = 41; n <= 60; n++) handler.sendProposal(live(n));
      assert.match(connection.destroyed ?? '', /bytes wait for a learner that does not keep up/);
      continue;
    }
    connection.hasRoom = true;
    connection.events?.onDrain?.();
    story.rig.clock.run();
    assert.is(story.sent().at(-1), 'SYNC 0x0');
  }
});
