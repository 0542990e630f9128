import { assert, suite } from '#test';
import { body } from '../memory-client.test-kit.ts';
import { parseTxnPacket } from '../storage/parse-txn.ts';
import { createPacket } from '../storage/testing.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { JuteWriter } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import { PacketType, writeQuorumPacket } from '../wire/quorum-packet.ts';
import { txnPacket } from '../wire/txn-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import { Leader } from './leader.ts';
import { UNNAMED_LEARNERS_MAX } from './learner-connections.ts';
import {
  INIT_LIMIT_MS,
  type Peer,
  Stage,
  type StageOptions,
  SYNC_LIMIT_MS,
  TICK_MS,
} from './peer.test-kit.ts';

const test = suite('quorum: a leader, packet by packet');

const { ACK, FOLLOWERINFO, OBSERVERINFO, PING, REQUEST, REVALIDATE } = PacketType;
const QUORUM_PORT = 2888;
const e1 = (counter: number) => makeZxid(1, counter);
const e2 = (counter: number) => makeZxid(2, counter);
const OLD = [1, 2, 3].map(n => createPacket(e1(n)));
const NEWLEADER = 'NEWLEADER 0x200000000';
const UPTODATE = 'UPTODATE 0x-1';
const SESSION = 0x77;

/** A leader with three transactions of epoch 1, in an ensemble of three voters (1, 2, 3) and an observer (4). */
class Play {
  readonly stage: Stage;
  readonly leader: Leader;
  established = 0;

  constructor(options: StageOptions = {}) {
    this.stage = new Stage(options).history(OLD, 1);
    this.leader = new Leader(this.stage.context, epoch => {
      this.established = epoch;
    });
    this.leader.start(reason => {
      this.stage.ended = reason;
    });
    this.stage.settle();
  }

  get leading(): boolean {
    return this.leader.server !== null;
  }

  follower(sid: number, acceptedEpoch = 1): Peer {
    return this.stage.dial(QUORUM_PORT).sendInfo(FOLLOWERINFO, sid, acceptedEpoch);
  }

  observer(sid: number, acceptedEpoch = 1): Peer {
    return this.stage.dial(QUORUM_PORT).sendInfo(OBSERVERINFO, sid, acceptedEpoch);
  }

  /** All the way to UPTODATE, with an empty DIFF. */
  serve(sid = 2): Peer {
    const follower = this.follower(sid);
    assert.equal(follower.told(), ['LEADERINFO 0x200000000']);
    follower.sendAckEpoch(e1(3), 1);
    assert.equal(follower.told(), ['DIFF 0x100000003', NEWLEADER]);
    follower.send(ACK, e2(0));
    assert.equal(follower.told(), [UPTODATE]);
    assert.ok(this.leading);
    return follower;
  }

  /** Another one, while the leader serves. */
  serveAlso(sid: number): Peer {
    const follower = this.follower(sid);
    follower.told();
    follower.sendAckEpoch(e1(3), 1);
    follower.told();
    follower.send(ACK, e2(0));
    assert.equal(follower.told(), [UPTODATE]);
    return follower;
  }
}

function requestData(
  op: number,
  cxid: number,
  write: (writer: JuteWriter) => void,
  session = SESSION,
): Buffer {
  const writer = new JuteWriter().writeInt(0).writeInt(session).writeInt(cxid).writeInt(op);
  write(writer);
  return writer.toBuffer();
}

/** Opens the session of all requests. */
function openSession(follower: Peer, session = SESSION): void {
  follower.send(
    REQUEST,
    -1,
    requestData(OpCode.createSession, 0, w => void w.writeInt(60_000), session),
  );
}

/** The code of the transaction that a PROPOSAL carries, 0 when it is none of an error. */
function codeOf(follower: Peer, proposal: string): number {
  const data = follower.data.get(proposal)!;
  const { body: txn } = parseTxnPacket(txnPacket(1, data));
  return txn.type === OpCode.error ? txn.err : 0;
}

test('the ladder (facts 21): each step waits for a quorum of voters, the leader among them', () => {
  const play = new Play();
  const two = play.follower(2);
  const three = play.follower(3);
  assert.equal([two.told(), three.told()], [['LEADERINFO 0x200000000'], ['LEADERINFO 0x200000000']]);
  assert.is(play.stage.epochs.acceptedEpoch, 2);
  assert.is(play.stage.epochs.currentEpoch, 1);

  two.sendAckEpoch(e1(3), 1);
  assert.equal(two.told(), ['DIFF 0x100000003', NEWLEADER]);
  assert.is(play.stage.epochs.currentEpoch, 2, 'before its own ack of NEWLEADER counts');
  assert.equal(three.told(), []);
  assert.is(play.leading, false);

  two.send(ACK, e2(0));
  assert.equal(two.told(), [UPTODATE]);
  assert.is(play.leading, true);
  assert.is(play.established, 2);
  play.stage.powerCycle();
  assert.equal([play.stage.epochs.acceptedEpoch, play.stage.epochs.currentEpoch], [2, 2]);
});

test('002-11: the new epoch is above every accepted one, of observers too', () => {
  const play = new Play();
  play.observer(4, 9);
  play.stage.settle();
  const two = play.follower(2, 5);
  assert.equal(two.told(), ['LEADERINFO 0xa00000000']);
  const late = play.follower(3, 0);
  assert.equal(late.told(), ['LEADERINFO 0xa00000000']);
});

test('000-4, 2959: observers are answered and never counted, in none of the three quorums', () => {
  const play = new Play();
  const observers = [play.observer(4), play.observer(5), play.observer(6)];
  play.stage.settle();
  assert.equal(
    observers.flatMap(each => each.told()),
    [],
  );
  const two = play.follower(2);
  assert.equal(
    observers.map(each => each.told().length),
    [1, 1, 1],
  );
  for (const observer of observers) observer.sendAckEpoch(e1(3), 1);
  assert.equal(
    observers.flatMap(each => each.told()),
    [],
  );
  two.sendAckEpoch(e1(3), 1);
  assert.equal(two.told().length, 3);
  for (const observer of observers) {
    assert.equal(observer.told(), ['DIFF 0x100000003', NEWLEADER]);
    observer.send(ACK, e2(0));
  }
  assert.equal(
    observers.flatMap(each => each.told()),
    [],
  );
  assert.is(play.leading, false);
  two.send(ACK, e2(0));
  assert.equal(
    observers.map(each => each.told()),
    [[UPTODATE], [UPTODATE], [UPTODATE]],
  );

  assert.equal(two.told(), [UPTODATE]);
  openSession(two);
  assert.equal(two.told(), ['PROPOSAL 0x200000001']);
  for (const observer of observers) assert.equal(observer.told(), []);
  // The leader's own sync, and the follower's ack: only now is it a result, which observers hear.
  assert.is(play.stage.database.lastProcessedZxid, e2(0));
  two.send(ACK, e2(1));
  assert.equal(two.told(), ['COMMIT 0x200000001']);
  assert.equal(
    observers.map(each => each.told()),
    [['INFORM 0x200000001'], ['INFORM 0x200000001'], ['INFORM 0x200000001']],
  );
  observers[0]!.send(ACK, e2(1));
  play.stage.settle();
  assert.ok(observers[0]!.closed !== null, 'an observer that acks is sent away');
});

test('an ACKEPOCH of -1 is answered and not counted', () => {
  const play = new Play();
  const two = play.follower(2);
  two.told();
  two.sendAckEpoch(e1(3), -1);
  assert.equal(two.told(), []);
  const three = play.follower(3);
  three.told();
  three.sendAckEpoch(e1(3), 1);
  assert.equal(three.told(), ['DIFF 0x100000003', NEWLEADER]);
  assert.equal(two.told(), ['DIFF 0x100000003', NEWLEADER]);
});

test('002-6: a learner whose history is ahead of the leader is refused, and not counted', () => {
  for (const [lastZxid, currentEpoch] of [
    [e1(4), 1],
    [e1(1), 2],
  ] as const) {
    const play = new Play();
    const two = play.follower(2);
    two.told();
    two.sendAckEpoch(lastZxid, currentEpoch);
    assert.equal(two.told(), []);
    assert.ok(two.closed !== null);
    assert.is(play.stage.epochs.currentEpoch, 1);
  }
});

test('DIFF, TRUNC and SNAP, by what the learner has', () => {
  const play = new Play();
  const first = play.serve(2);
  const syncOf = (sid: number, lastZxid: number): string[] => {
    const peer = play.follower(sid);
    peer.told();
    peer.sendAckEpoch(lastZxid, 1);
    return peer.told();
  };
  const rest = ['PROPOSAL 0x100000003', 'COMMIT 0x100000003'];
  assert.equal(syncOf(3, e1(2)), ['DIFF 0x100000003', ...rest, NEWLEADER]);
  assert.equal(syncOf(3, e1(9)), ['TRUNC 0x100000003', NEWLEADER]);
  assert.equal(syncOf(3, 0), ['SNAP 0x200000000']);
  assert.is(first.closed, null);
});

test('what is proposed and not committed when a follower joins is sent to it after the sync, in order', () => {
  const play = new Play();
  const two = play.serve(2);
  openSession(two);
  two.send(REQUEST, -1, requestData(OpCode.create, 1, body.create('/a')));
  assert.equal(two.told(), ['PROPOSAL 0x200000001', 'PROPOSAL 0x200000002']);
  const three = play.follower(3);
  three.told();
  three.sendAckEpoch(e1(3), 1);
  const before = three.told();
  three.send(ACK, e2(0));
  const all = [...before, ...three.told()];
  assert.equal(
    all.filter(packet => !/NEWLEADER|UPTODATE/.test(packet)),
    [all[0], 'PROPOSAL 0x200000001', 'PROPOSAL 0x200000002'],
  );
  // Two of three have them: the third's acks are as good as any.
  three.send(ACK, e2(1)).send(ACK, e2(2));
  assert.equal(three.told(), ['COMMIT 0x200000001', 'COMMIT 0x200000002']);
  assert.equal(two.told(), ['COMMIT 0x200000001', 'COMMIT 0x200000002']);
});

test('commits go out in zxid order, and an ack stands for all before it', () => {
  const play = new Play();
  const two = play.serve(2);
  openSession(two);
  for (let cxid = 1; cxid <= 3; cxid++)
    two.send(REQUEST, -1, requestData(OpCode.create, cxid, body.create(`/n${cxid}`)));
  two.told();
  two.send(ACK, e2(4));
  assert.equal(
    two.told(),
    [1, 2, 3, 4].map(n => `COMMIT 0x20000000${n}`),
  );
});

test('the acks of a follower that left are forgotten; the next connection of its id starts anew', () => {
  const play = new Play();
  const two = play.serve(2);
  const three = play.serveAlso(3);
  play.stage.machine.disk.syncDelayMs = 500;
  openSession(two);
  assert.equal(two.told(), ['PROPOSAL 0x200000001']);
  two.send(ACK, e2(1));
  play.stage.settle();
  two.destroy();
  play.stage.settle();
  three.send(PING, 0, Buffer.alloc(0));
  play.stage.time.advance(600);
  assert.is(play.stage.database.lastProcessedZxid, e2(0), 'one of three has it for sure');
  three.send(ACK, e2(1));
  play.stage.settle();
  assert.is(play.stage.database.lastProcessedZxid, e2(1));
});

test('a second connection of the same id ends the first when it has acked NEWLEADER, not before', () => {
  const play = new Play();
  const first = play.serve(2);
  const second = play.follower(2);
  assert.equal(second.told(), ['LEADERINFO 0x200000000']);
  second.sendAckEpoch(e1(3), 2);
  assert.match(second.told().at(-1)!, /NEWLEADER/);
  assert.is(first.closed, null);
  second.send(ACK, e2(0));
  assert.equal(second.told(), [UPTODATE]);
  assert.ok(first.closed !== null);
  openSession(second);
  second.send(ACK, e2(1));
  assert.equal(second.told(), ['PROPOSAL 0x200000001', 'COMMIT 0x200000001']);
  assert.is(play.stage.ended, null);
});

test('a stranger with the id of a follower harms it in no step: its connection stays and its acks count', () => {
  const play = new Play();
  const two = play.serve(2);
  play.stage.machine.disk.syncDelayMs = 500;
  openSession(two);
  assert.equal(two.told(), ['PROPOSAL 0x200000001']);
  two.send(ACK, e2(1));
  play.stage.settle();
  const stranger = play.follower(2);
  stranger.told();
  stranger.sendAckEpoch(e1(3), 1);
  stranger.told();
  stranger.send(REQUEST, -1, Buffer.alloc(3));
  play.stage.settle();
  assert.ok(stranger.closed !== null);
  play.stage.time.advance(600);
  assert.equal(two.told(), ['COMMIT 0x200000001']);
  assert.is(two.closed, null);
});

test('the ACK of a zxid that was never proposed ends the connection, and commits nothing', () => {
  const play = new Play();
  const two = play.serve(2);
  const three = play.serveAlso(3);
  openSession(three);
  three.told();
  two.send(ACK, e2(7));
  play.stage.settle();
  assert.ok(two.closed !== null);
  assert.is(play.stage.database.lastProcessedZxid, e2(0));
  three.send(ACK, e2(1));
  assert.equal(three.told(), ['COMMIT 0x200000001']);
});

test('packets too short for their type end the connection', () => {
  for (const [type, length] of [
    [REQUEST, 15],
    [REVALIDATE, 11],
    [PING, 5],
  ] as const) {
    const play = new Play();
    play.serve(2);
    const three = play.serveAlso(3);
    three.send(type, -1, Buffer.alloc(length));
    play.stage.settle();
    assert.ok(three.closed !== null, `type ${type}`);
    assert.is(play.stage.ended, null);
  }
});

test('who has not said who it is: 4 KiB of packet, and 1024 connections of which the oldest goes', () => {
  const play = new Play();
  const two = play.serve(2);
  const greedy = play.stage.dial(QUORUM_PORT).send(OBSERVERINFO, 0, Buffer.alloc(4096));
  play.stage.settle();
  assert.ok(greedy.closed !== null);
  const silent = Array.from({ length: UNNAMED_LEARNERS_MAX + 1 }, () => play.stage.dial(QUORUM_PORT));
  play.stage.settle();
  const closed = silent.filter(each => each.closed !== null);
  assert.is(closed.length, 1);
  assert.is(closed[0], silent[0]);
  assert.is(two.closed, null);
});

test("a learner with the leader's own id is refused", () => {
  const play = new Play();
  const twin = play.follower(1);
  assert.equal(twin.told(), []);
  assert.ok(twin.closed !== null);
});

test('an epoch out of nowhere is refused, and is on no disk', () => {
  const play = new Play();
  const mad = play.stage.dial(QUORUM_PORT);
  mad.send(
    OBSERVERINFO,
    0x7fff_ffff * 0x1_0000_0000,
    new JuteWriter().writeLong(9).writeInt(0x10000).writeLong(0).toBuffer(),
  );
  play.stage.settle();
  assert.ok(mad.closed !== null);
  assert.equal(play.follower(2).told(), ['LEADERINFO 0x200000000']);
});

test('an accepted epoch that a server of no configuration claims moves nothing', () => {
  const play = new Play();
  play.observer(77, 1_000_000);
  play.stage.settle();
  assert.equal(play.follower(2).told(), ['LEADERINFO 0x200000000']);
});

test('2623: what a learner forwards and no server could read back becomes a refusal', () => {
  const play = new Play();
  const two = play.serve(2);
  openSession(two);
  const poison: [number, (w: JuteWriter) => void, number][] = [
    [OpCode.check, body.delete('/'), ErrorCode.UNIMPLEMENTED],
    [OpCode.getData, body.read('/'), ErrorCode.UNIMPLEMENTED],
    [99, () => {}, ErrorCode.UNIMPLEMENTED],
    [OpCode.create, w => void w.writeInt(-7), ErrorCode.MARSHALLINGERROR],
    [
      OpCode.multi,
      w => void w.writeInt(OpCode.setACL).writeBoolean(false).writeInt(-1),
      ErrorCode.MARSHALLINGERROR,
    ],
    [OpCode.create, body.create('/x', '', 77), ErrorCode.BADARGUMENTS],
    // A session without a timeout: an observer behind this follower can have sent it, whose clients must not lose theirs.
    [OpCode.createSession, () => {}, ErrorCode.MARSHALLINGERROR],
  ];
  for (const [op, write] of poison) two.send(REQUEST, -1, requestData(op, 1, write));
  const proposals = two.told().slice(1);
  assert.is(proposals.length, poison.length);
  for (const [i, [op, , code]] of poison.entries())
    assert.is(codeOf(two, proposals[i]!), code, `operation ${op}`);
  assert.is(two.closed, null);
});

test('sync: answered when what was outstanding is committed, and at once when nothing is', () => {
  const play = new Play();
  const two = play.serve(2);
  two.send(REQUEST, -1, requestData(OpCode.sync, 1, body.path('/')));
  assert.equal(two.told(), ['SYNC 0x0']);
  openSession(two);
  two.send(REQUEST, -1, requestData(OpCode.sync, 2, body.path('/')));
  assert.equal(two.told(), ['PROPOSAL 0x200000001']);
  two.send(ACK, e2(1));
  assert.equal(two.told(), ['COMMIT 0x200000001', 'SYNC 0x0'], 'behind the commit it waited for');
});

test('sync: the answer stands between the commits before it and those after it, when one ack commits all', () => {
  const play = new Play();
  const two = play.serve(2);
  openSession(two);
  two.send(ACK, e2(1));
  two.told();
  two.send(REQUEST, -1, requestData(OpCode.create, 1, body.create('/a')));
  two.send(REQUEST, -1, requestData(OpCode.sync, 2, body.path('/')));
  two.send(REQUEST, -1, requestData(OpCode.sync, 3, body.path('/')));
  two.send(REQUEST, -1, requestData(OpCode.create, 4, body.create('/b')));
  two.told();
  two.send(ACK, e2(3));
  assert.equal(two.told(), ['COMMIT 0x200000002', 'SYNC 0x0', 'SYNC 0x0', 'COMMIT 0x200000003']);
});

test('sessions: one owner at a time; REVALIDATE moves it; a request from the old place is told so', () => {
  const play = new Play();
  const two = play.serve(2);
  const three = play.serveAlso(3);
  openSession(two);
  two.send(ACK, e2(1));
  play.stage.settle();
  const ask = Buffer.alloc(12);
  ask.writeInt32BE(SESSION, 4);
  ask.writeInt32BE(60_000, 8);
  three.told();
  three.send(REVALIDATE, -1, ask);
  assert.equal(three.told(), ['REVALIDATE 0x-1']);
  assert.is(three.data.get('REVALIDATE 0x-1')![8], 1);
  two.told();
  two.send(REQUEST, -1, requestData(OpCode.create, 1, body.create('/a')));
  const [moved] = two.told();
  assert.is(codeOf(two, moved!), ErrorCode.SESSIONMOVED);
  ask.writeInt32BE(SESSION + 1, 4);
  three.told();
  three.send(REVALIDATE, -1, ask);
  three.told();
  assert.is(three.data.get('REVALIDATE 0x-1')![8], 0);
});

test('a session that no ping touches expires by closeSession; one that a learner reports lives', () => {
  const play = new Play();
  const two = play.serve(2);
  for (const session of [SESSION, SESSION + 1])
    two.send(
      REQUEST,
      -1,
      requestData(OpCode.createSession, 0, w => void w.writeInt(1000), session),
    );
  two.send(ACK, e2(2));
  play.stage.settle();
  const touched = Buffer.alloc(12);
  touched.writeInt32BE(SESSION, 4);
  touched.writeInt32BE(1000, 8);
  for (let i = 0; i < 20; i++) {
    play.stage.time.advance(TICK_MS / 2);
    two.send(PING, 0, touched);
    for (const packet of two.told()) {
      const zxid = /^PROPOSAL (0x[0-9a-f]+)$/.exec(packet)?.[1];
      if (zxid !== undefined) two.send(ACK, Number(zxid));
    }
  }
  assert.equal([...play.stage.database.sessionTimeouts.keys()], [BigInt(SESSION)]);
});

test('initLimit: without a quorum that synced in time, the leader goes back to the election', () => {
  const play = new Play();
  play.observer(4);
  play.stage.wait(() => play.stage.ended !== null, 'initLimit', INIT_LIMIT_MS * 1.1);
  assert.match(play.stage.ended!, /no quorum of learners synced within 2000 ms \(initLimit\)/);
});

test('syncLimit: a follower that says nothing, or owes an ack, is closed; without a quorum the leader steps down', () => {
  const silent = new Play();
  const two = silent.serve(2);
  silent.stage.wait(() => silent.stage.ended !== null, 'the end', SYNC_LIMIT_MS * 2);
  assert.ok(two.closed !== null);
  assert.is(silent.stage.serving, null);

  const owing = new Play();
  const follower = owing.serve(2);
  openSession(follower);
  for (let i = 0; i < 12 && owing.stage.ended === null; i++) {
    follower.send(PING, 0, Buffer.alloc(0));
    owing.stage.time.advance(TICK_MS / 2);
  }
  assert.ok(owing.stage.ended !== null, 'pings do not stand for acks');
});

test('a leader that steps down frees its ports and says so to all', () => {
  const play = new Play({ settings: 'observerMasterPort=2191\n' });
  const two = play.serve(2);
  const observer = play.stage.dial(2191).sendInfo(OBSERVERINFO, 4, 1);
  assert.equal(observer.told(), ['LEADERINFO 0x200000000'], '004-20');
  play.leader.end('the test');
  play.stage.wait(() => play.stage.ended !== null, 'the end');
  play.stage.settle();
  assert.ok(two.closed !== null && observer.closed !== null);
  assert.throws(() => play.stage.dial(QUORUM_PORT), /refused/);
  assert.throws(() => play.stage.dial(2191), /refused/);
});

test('a leader that nobody acks stops at 100,000 proposals, and says why', () => {
  const play = new Play();
  const two = play.serve(2);
  const requests = Buffer.concat(
    Array.from({ length: 1_000 }, () =>
      packetOf(
        REQUEST,
        requestData(OpCode.createSession, 0, w => void w.writeInt(4000)),
      ),
    ),
  );
  for (let i = 0; i <= 100; i++) two.write(requests);
  play.stage.wait(() => play.stage.ended !== null, 'the end');
  assert.match(play.stage.ended!, /^100000 proposals wait for a quorum$/);
});

function packetOf(type: PacketType, data: Buffer): Buffer {
  const writer = new JuteWriter();
  writeQuorumPacket(writer, { type, zxid: -1, data, authinfo: null });
  return writer.toBuffer();
}
