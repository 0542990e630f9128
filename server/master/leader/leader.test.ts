import { assert, suite } from '#test';
import { body } from '../../memory-client.test-kit.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { PacketType } from '../../wire/quorum-packet.ts';
import { INIT_LIMIT_MS, SYNC_LIMIT_MS, TICK_MS } from '../../zab/peer.test-kit.ts';
import {
  e1,
  e2,
  NEWLEADER,
  openSession,
  Play,
  QUORUM_PORT,
  requestData,
  UPTODATE,
} from './leader.test-kit.ts';

const test = suite('quorum: a leader, packet by packet');

const { ACK, OBSERVERINFO, PING, REQUEST } = PacketType;

test('the message ladder: each step waits for a quorum of voters, the leader among them', () => {
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

test('002-11: the new epoch is above every accepted one, those of observers too', () => {
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

test('002-6: a learner that does not state its last zxid counts when its epoch is older, since it cannot be ahead', () => {
  for (const [currentEpoch, counted] of [
    [0, true],
    [1, false],
  ] as const) {
    const play = new Play();
    const two = play.follower(2);
    two.told();
    two.sendAckEpoch(-1, currentEpoch);
    assert.equal(two.told(), counted ? ['SNAP 0x100000003'] : []);
    assert.is(play.stage.epochs.currentEpoch, counted ? 2 : 1);
    assert.is(two.closed, null);
    const three = play.follower(3);
    three.told();
    three.sendAckEpoch(e1(3), 1);
    assert.equal(three.told(), ['DIFF 0x100000003', NEWLEADER]);
    if (!counted) assert.equal(two.told(), ['SNAP 0x100000003']);
  }
});

test('an earlier failed TRUNC is forgotten once a server leads: a leader has nothing to cut', () => {
  const play = new Play();
  play.stage.context.sync.snapshotNeeded = true;
  const two = play.follower(2);
  two.told();
  assert.is(play.stage.context.sync.snapshotNeeded, true);
  two.sendAckEpoch(e1(3), 1);
  two.told();
  assert.is(play.stage.context.sync.snapshotNeeded, false);
});

test('002-6, 002-7: a learner whose history is ahead of the leader is refused, and not counted', () => {
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

test('a learner gets DIFF, TRUNC or SNAP according to its last zxid', () => {
  const play = new Play();
  const first = play.serve(2);
  const syncOf = (sid: number, lastZxid: number): string[] => {
    const peer = play.follower(sid);
    peer.told();
    peer.sendAckEpoch(lastZxid, 1);
    const told = peer.told();
    peer.destroy();
    play.stage.settle();
    return told;
  };
  const rest = ['PROPOSAL 0x100000003', 'COMMIT 0x100000003'];
  assert.equal(syncOf(3, e1(2)), ['DIFF 0x100000003', ...rest, NEWLEADER]);
  assert.equal(syncOf(3, e1(9)), ['TRUNC 0x100000003', NEWLEADER]);
  assert.equal(syncOf(3, 0), ['SNAP 0x200000000']);
  assert.is(first.closed, null);
});

test('002-3: a follower that comes to an established leader runs every phase, and nothing that it acknowledges there counts', () => {
  const play = new Play();
  const { epochs } = play.stage;
  const two = play.serve(2);
  openSession(two);
  assert.equal(two.told(), ['PROPOSAL 0x200000001']);
  // Neither its claim of a later epoch nor a longer history moves what is established.
  assert.equal(play.follower(3, 9).told(), ['LEADERINFO 0x200000000']);
  const late = play.follower(3);
  assert.equal(late.told(), ['LEADERINFO 0x200000000']);
  late.sendAckEpoch(e1(9), 1);
  assert.equal(late.told().slice(0, 2), ['TRUNC 0x100000003', NEWLEADER]);
  late.send(ACK, e2(0));
  assert.equal(late.told(), [UPTODATE, 'PROPOSAL 0x200000001']);
  late.send(ACK, e2(0));
  assert.equal([late.told(), two.told()], [[], []], 'these acknowledge no proposal');
  assert.equal([play.leading, epochs.acceptedEpoch, epochs.currentEpoch], [true, 2, 2]);
  late.send(ACK, e2(1));
  assert.equal(two.told(), ['COMMIT 0x200000001']);
});

test('002-3: proposals outstanding when a follower joins are sent to it after the sync, in order', () => {
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
  // Two of three have the proposals: the acks of the third count like any others.
  three.send(ACK, e2(1)).send(ACK, e2(2));
  assert.equal(three.told(), ['COMMIT 0x200000001', 'COMMIT 0x200000002']);
  assert.equal(two.told(), ['COMMIT 0x200000001', 'COMMIT 0x200000002']);
});

test('000-4, 004-4: an observer that joins hears of commits, not of outstanding proposals', () => {
  const play = new Play();
  const two = play.serve(2);
  openSession(two);
  two.told();
  const observer = play.observer(4);
  observer.told();
  observer.sendAckEpoch(e1(3), 1);
  observer.told();
  observer.send(ACK, e2(0));
  assert.equal(observer.told(), [UPTODATE]);
  two.send(ACK, e2(1));
  assert.equal(observer.told(), ['INFORM 0x200000001']);
});

test('a follower that joins is sent the proposal right after the last committed transaction', () => {
  const play = new Play();
  const two = play.serve(2);
  openSession(two);
  two.send(ACK, e2(1));
  two.send(REQUEST, -1, requestData(OpCode.create, 1, body.create('/a')));
  assert.equal(two.told().sort(), ['COMMIT 0x200000001', 'PROPOSAL 0x200000001', 'PROPOSAL 0x200000002']);
  const three = play.follower(3);
  three.told();
  three.sendAckEpoch(e2(1), 2);
  assert.equal(three.told(), ['DIFF 0x200000001', NEWLEADER]);
  three.send(ACK, e2(0));
  assert.equal(three.told(), [UPTODATE, 'PROPOSAL 0x200000002']);
});

test('once a follower is cut back to what is committed, its acks beyond that count on no connection of its id', () => {
  const play = new Play();
  const gone = play.serve(2);
  const three = play.serveAlso(3);
  play.stage.machine.disk.syncDelayMs = 500;
  openSession(three);
  assert.equal(gone.told(), ['PROPOSAL 0x200000001']);
  gone.send(ACK, e2(1));
  play.stage.settle();
  // The connection is dead on the follower's side only: the leader has not noticed when the follower comes
  // back, and TRUNC takes away what it had acked.
  const two = play.follower(2, 2);
  two.told();
  two.sendAckEpoch(e2(1), 2);
  assert.equal(two.told(), [], 'the one that is dead is asked first');
  play.stage.time.advance(TICK_MS);
  assert.equal(two.told(), ['TRUNC 0x100000003', NEWLEADER]);
  assert.ok(gone.closed !== null);
  three.send(PING, 0, Buffer.alloc(0));
  play.stage.time.advance(600);
  assert.is(play.stage.database.lastProcessedZxid, e2(0), 'one of three has it for sure');
  two.send(ACK, e2(0));
  assert.equal(two.told(), [UPTODATE, 'PROPOSAL 0x200000001']);
  assert.is(play.stage.database.lastProcessedZxid, e2(0));
  two.send(ACK, e2(1));
  assert.equal(two.told(), ['COMMIT 0x200000001']);
});

test('000-1: commits go out in zxid order, and an ack stands for all before it', () => {
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

test('one ack that commits many: every observer hears of each, in order', () => {
  const play = new Play();
  const two = play.serve(2);
  const observer = play.observer(4);
  observer.told();
  observer.sendAckEpoch(e1(3), 1);
  observer.told();
  observer.send(ACK, e2(0));
  openSession(two);
  for (let cxid = 1; cxid <= 3; cxid++)
    two.send(REQUEST, -1, requestData(OpCode.create, cxid, body.create(`/n${cxid}`)));
  assert.equal(observer.told(), [UPTODATE]);
  two.send(ACK, e2(4));
  assert.equal(
    observer.told(),
    [1, 2, 3, 4].map(n => `INFORM 0x20000000${n}`),
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

test('initLimit: without a quorum that synced in time, the leader goes back to the election', () => {
  const play = new Play();
  play.observer(4);
  play.stage.wait(() => play.stage.ended !== null, 'initLimit', INIT_LIMIT_MS * 1.1);
  assert.match(play.stage.ended!, /no quorum of learners synced within 2000 ms \(initLimit\)/);
});

test('leader.maxTimeToWaitForEpoch: the leader waits at most that long for a quorum to report its accepted epochs', () => {
  const settings = 'leader.maxTimeToWaitForEpoch=300\n';
  const alone = new Play([], { settings });
  alone.stage.wait(() => alone.stage.ended !== null, 'the limit', 330);
  assert.match(
    alone.stage.ended!,
    /no quorum reported its accepted epochs within 300 ms \(leader\.maxTimeToWaitForEpoch\)/,
  );
  const joined = new Play([], { settings });
  joined.follower(2);
  joined.stage.time.advance(600);
  assert.is(joined.stage.ended, null);
  joined.stage.wait(() => joined.stage.ended !== null, 'initLimit', INIT_LIMIT_MS * 1.1);
  assert.match(joined.stage.ended!, /initLimit/);
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

test('a follower that is still being synced keeps no leader in office', () => {
  const play = new Play();
  const two = play.serve(2);
  const three = play.follower(3);
  three.told();
  three.sendAckEpoch(e1(3), 1);
  assert.equal(three.told().at(-1), NEWLEADER);
  two.destroy();
  for (let i = 0; i < 4; i++) {
    three.send(PING, 0, Buffer.alloc(0));
    play.stage.time.advance(TICK_MS / 2);
  }
  assert.match(play.stage.ended ?? 'leading', /no quorum of learners/);
});

test('a leader has left only once what it proposed is on its disk: its next vote claims it', () => {
  const play = new Play();
  const two = play.serve(2);
  play.stage.machine.disk.syncDelayMs = 500;
  openSession(two);
  two.told();
  play.leader.end('the test');
  play.stage.time.advance(300);
  assert.is(play.stage.ended, null);
  play.stage.wait(() => play.stage.ended !== null, 'the end');
  play.stage.powerCycle();
  assert.is(play.stage.database.lastLoggedZxid, e2(1));
});

test('a leader that steps down closes its ports and all its connections', () => {
  const play = new Play([], { settings: 'observerMasterPort=2191\n' });
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
