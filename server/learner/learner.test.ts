import { assert, suite } from '#test';
import { createPacket } from '../storage/storage.test-kit.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import { txnPacket } from '../wire/txn-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import { INIT_LIMIT_MS, Stage, SYNC_LIMIT_MS } from '../zab/peer.test-kit.ts';
import { Follower } from './follower.ts';
import {
  ACK_NEWLEADER,
  acked,
  assertEnded,
  currentEpochOnDisk,
  discover,
  EPOCH,
  e1,
  e2,
  NEWLEADER_ZXID,
  OLD,
  type Play,
  SIGNATURE,
  serve,
  snapshotOf,
  THEIRS,
} from './learner.test-kit.ts';

const test = suite('quorum: a learner, packet by packet');

const { PROPOSAL, COMMIT, INFORM, NEWLEADER, UPTODATE, DIFF, SNAP, PING, ACK } = PacketType;

test('002-5, 002-11: a newer epoch is on disk before it is acked; one accepted before is answered with -1; the leader of an older one is left', () => {
  const first = discover('follower');
  assert.equal(first.master.told(), ['ACKEPOCH 0x100000003']);
  assert.is(first.master.data.get('ACKEPOCH 0x100000003')!.readInt32BE(0), 1);
  first.stage.powerCycle();
  assert.is(first.stage.epochs.acceptedEpoch, EPOCH);
  assert.is(first.stage.epochs.currentEpoch, 1);

  const second = new Stage({ sid: 2 }).history(OLD, 1);
  const again = discover('follower', { stage: second, newEpoch: 1 });
  again.master.told();
  assert.is(again.master.data.get('ACKEPOCH 0x100000003')!.readInt32BE(0), -1);

  assertEnded(discover('follower', { newEpoch: 0 }), /epoch 0 is older than the accepted epoch 1/);
});

test('a master that accepts and then closes the connection without a word is dialed again, without a new election', () => {
  const stage = new Stage({ sid: 2 }).history(OLD, 1);
  const accept = stage.playMember(1, 2888);
  const master = { sid: 1, addresses: [{ host: 'zk1', port: 2888 }] };
  const learner = new Follower(stage.context, [[master], [master]], () => {});
  stage.ended = null;
  learner.start(reason => {
    stage.ended = reason;
  });
  accept().destroy();
  const again = accept();
  assert.equal(again.told(), ['FOLLOWERINFO 0x100000000']);
  assert.is(stage.ended, null);
  again.destroy();
  stage.wait(() => stage.ended !== null, 'the learner to give up');
  assert.match(stage.ended!, /no connection to zk1:2888 in 2 rounds/);
});

test('an epoch out of range is not written to disk', () => {
  const play = discover('follower', { newEpoch: 0x7fff_ffff });
  assertEnded(play, /epoch 2147483647 is not one of 0 to 2097151, .*epochs\.md/);
  assert.is(play.stage.epochs.acceptedEpoch, 1);
});

for (const role of ['follower', 'observer'] as const) {
  test(`ZOOKEEPER-4643, 4646, 4785, ${role}: currentEpoch moves once the synced transactions are durable, and NEWLEADER is acked after that`, () => {
    const play = acked(discover(role));
    const { stage, master } = play;
    const { disk } = stage.machine;
    disk.syncDelayMs = 500;
    master.send(DIFF, e2(1));
    for (const packet of [createPacket(e1(4)), createPacket(e2(1))])
      master.sendTxn(PROPOSAL, packet).send(COMMIT, packet.zxid);
    master.send(NEWLEADER, NEWLEADER_ZXID);
    stage.time.advance(400);
    assert.equal(master.told(), []);
    assert.is(currentEpochOnDisk(stage), '1');
    stage.time.advance(200);
    assert.equal(master.told(), [ACK_NEWLEADER]);
    assert.is(currentEpochOnDisk(stage), '2');
    stage.powerCycle();
    assert.is(stage.database.lastLoggedZxid, e2(1));
    assert.is(stage.epochs.currentEpoch, EPOCH);
  });
}

/**
 * Makes the disk operation of that number fail, like the last one of a process. The returned function disarms
 * it, and says whether that operation was reached.
 */
function cutPowerAt(stage: Stage, operation: number): () => boolean {
  const { disk } = stage.machine;
  let left = operation;
  disk.beforeOperation = () => {
    if (--left !== 0) return;
    disk.beforeOperation = () => {};
    throw new Error('power');
  };
  return () => {
    disk.beforeOperation = () => {};
    return left <= 0;
  };
}

/**
 * Cuts the power at each disk operation of a sync, each time on a fresh machine. A server that then starts in
 * the new epoch must have the history of that epoch.
 */
function cutPowerDuring(sync: (master: Play['master']) => void): void {
  for (let at = 1; ; at++) {
    const { stage, master } = acked(discover('follower'));
    const disarm = cutPowerAt(stage, at);
    sync(master);
    try {
      stage.settle();
    } catch {
      // A real process would end here.
    }
    const cut = disarm();
    stage.powerCycle();
    const { currentEpoch, acceptedEpoch } = stage.epochs;
    assert.ok(currentEpoch <= acceptedEpoch, `cut ${at}`);
    if (currentEpoch === EPOCH) assert.is(stage.database.lastLoggedZxid, e2(1), `cut ${at}`);
    assert.ok(stage.database.lastLoggedZxid >= e1(3), `cut ${at}`);
    if (!cut) return;
  }
}

test('after power loss at any disk operation during a SNAP of a later epoch, the server starts and does not overstate its history', () => {
  const snapshot = Buffer.concat([snapshotOf([...THEIRS, createPacket(e2(1))]), SIGNATURE]);
  cutPowerDuring(master => {
    master.send(SNAP, e2(1)).write(snapshot).send(NEWLEADER, NEWLEADER_ZXID);
  });
});

test('ZOOKEEPER-4643: after power loss at any disk operation during a sync, currentEpoch does not overstate the history', () => {
  cutPowerDuring(master => {
    master.send(DIFF, e2(1));
    for (const packet of [createPacket(e1(4)), createPacket(e2(1))])
      master.sendTxn(PROPOSAL, packet).send(COMMIT, packet.zxid);
    master.send(NEWLEADER, NEWLEADER_ZXID);
  });
});

test('ZOOKEEPER-4685: the ACK of NEWLEADER leaves before any ACK of a proposal; those leave after UPTODATE, in order', () => {
  const { stage, master } = acked(discover('follower'));
  const pending = [1, 2, 3].map(n => createPacket(e2(n)));
  master.send(DIFF, e1(3));
  for (const packet of pending) master.sendTxn(PROPOSAL, packet);
  master.send(NEWLEADER, NEWLEADER_ZXID);
  assert.equal(master.told(), [ACK_NEWLEADER]);
  assert.is(stage.database.lastLoggedZxid, e1(3), 'what is not committed is not logged yet');
  master.send(UPTODATE, -1);
  assert.equal(master.told(), [ACK_NEWLEADER, 'ACK 0x200000001', 'ACK 0x200000002', 'ACK 0x200000003']);
  assert.is(stage.database.lastProcessedZxid, e1(3));
  for (const { zxid } of pending) master.send(COMMIT, zxid);
  stage.settle();
  assert.is(stage.database.lastProcessedZxid, e2(3));
});

test('ZOOKEEPER-4394: a COMMIT between NEWLEADER and UPTODATE waits for UPTODATE, then is logged, acked and applied', () => {
  const { stage, master } = acked(discover('follower'));
  master
    .send(DIFF, e1(3))
    .sendTxn(PROPOSAL, createPacket(e2(1)))
    .sendTxn(PROPOSAL, createPacket(e2(2)));
  master.send(NEWLEADER, NEWLEADER_ZXID);
  assert.equal(master.told(), [ACK_NEWLEADER]);
  master.send(COMMIT, e2(1)).sendTxn(PROPOSAL, createPacket(e2(3)));
  assert.equal(master.told(), []);
  assert.is(stage.database.lastProcessedZxid, e1(3));
  master.send(UPTODATE, -1);
  assert.equal(master.told(), [ACK_NEWLEADER, 'ACK 0x200000001', 'ACK 0x200000002', 'ACK 0x200000003']);
  assert.is(stage.database.lastProcessedZxid, e2(1));
  master.send(COMMIT, e2(2)).send(COMMIT, e2(3));
  stage.settle();
  assert.is(stage.database.lastProcessedZxid, e2(3));
  assert.is(stage.ended, null);
});

test('ZOOKEEPER-4925: a gap is refused everywhere: in the DIFF, before UPTODATE, in PROPOSAL and in INFORM', () => {
  const inDiff = acked(discover('follower'));
  inDiff.master.send(DIFF, e1(5)).sendTxn(PROPOSAL, createPacket(e1(5)));
  assertEnded(inDiff, /PROPOSAL 0x100000005 does not follow 0x100000003/);

  const epochGap = acked(discover('follower'));
  epochGap.master.send(DIFF, e2(2)).sendTxn(PROPOSAL, createPacket(e2(2)));
  assertEnded(epochGap, /does not follow/);

  const beforeUpToDate = acked(discover('follower'));
  beforeUpToDate.master.send(DIFF, e1(3)).send(NEWLEADER, NEWLEADER_ZXID);
  beforeUpToDate.master.told();
  beforeUpToDate.master.sendTxn(PROPOSAL, createPacket(e2(2)));
  assertEnded(beforeUpToDate, /does not follow/);

  const broadcast = serve('follower');
  broadcast.master.sendTxn(PROPOSAL, createPacket(e2(1))).sendTxn(PROPOSAL, createPacket(e2(3)));
  assertEnded(broadcast, /PROPOSAL 0x200000003 does not follow 0x200000001/);

  const inform = serve('observer');
  inform.master.sendTxn(INFORM, createPacket(e2(1))).sendTxn(INFORM, createPacket(e2(3)));
  assertEnded(inform, /INFORM 0x200000003 does not follow 0x200000001/);
  assert.is(inform.stage.database.lastLoggedZxid, e2(1));
});

test('ZOOKEEPER-2623: a transaction that could not be read back from the log is not logged: the learner leaves, and can start again', () => {
  const unknownType = Buffer.from(createPacket(e2(1)).bytes);
  unknownType.writeInt32BE(99, 16 + 28);
  const tooShort = txnPacket(e2(1), createPacket(e2(1)).bytes.subarray(16, 70));
  const ofAnotherZxid = txnPacket(e2(1), createPacket(e2(9)).bytes.subarray(16, -4));
  for (const poison of [{ zxid: e2(1), bytes: unknownType }, tooShort, ofAnotherZxid]) {
    for (const role of ['follower', 'observer'] as const) {
      const serving = serve(role);
      serving.master.sendTxn(role === 'follower' ? PROPOSAL : INFORM, poison);
      assertEnded(serving, /malformed input from the master/);
      const syncing = acked(discover(role));
      syncing.master.send(DIFF, e2(1)).sendTxn(PROPOSAL, poison).send(COMMIT, e2(1));
      assertEnded(syncing, /malformed input from the master/);
      for (const { stage } of [serving, syncing]) {
        stage.powerCycle();
        assert.is(stage.database.lastProcessedZxid, e1(3));
      }
    }
  }
});

test('a COMMIT that skips the oldest proposal ends the learner: transactions are missing', () => {
  const sync = acked(discover('follower'));
  sync.master
    .send(DIFF, e1(5))
    .sendTxn(PROPOSAL, createPacket(e1(4)))
    .sendTxn(PROPOSAL, createPacket(e1(5)));
  sync.master.send(COMMIT, e1(5));
  assertEnded(sync, /COMMIT 0x100000005 where the oldest proposal is 0x100000004/);
  const broadcast = serve('follower');
  broadcast.master.send(COMMIT, e2(1));
  assertEnded(broadcast, /COMMIT 0x200000001 where the oldest proposal is none/);
  const leap = serve('follower');
  for (const n of [1, 2]) leap.master.sendTxn(PROPOSAL, createPacket(e2(n)));
  leap.master.send(COMMIT, e2(2));
  assertEnded(leap, /COMMIT 0x200000002 where the oldest proposal is 0x200000001/);
  assert.is(leap.stage.database.lastProcessedZxid, e1(3));
});

test('a proposal is acked when it is on disk, not before', () => {
  const { stage, master } = serve('follower');
  stage.machine.disk.syncDelayMs = 500;
  master.sendTxn(PROPOSAL, createPacket(e2(1)));
  stage.time.advance(400);
  // The disk is still syncing the first proposal: these two come with the sync after it.
  for (const n of [2, 3]) master.sendTxn(PROPOSAL, createPacket(e2(n)));
  assert.equal(master.told(), []);
  stage.time.advance(200);
  assert.equal(master.told(), ['ACK 0x200000001']);
  stage.time.advance(500);
  assert.equal(master.told(), ['ACK 0x200000002', 'ACK 0x200000003']);
});

for (const role of ['follower', 'observer'] as const) {
  test(`a ${role} has left only once what it logged is on disk: its next vote and its next ACK of NEWLEADER claim it`, () => {
    const { stage, master } = serve(role);
    stage.machine.disk.syncDelayMs = 500;
    master.sendTxn(role === 'follower' ? PROPOSAL : INFORM, createPacket(e2(1)));
    stage.settle();
    master.destroy();
    stage.time.advance(300);
    assert.is(stage.ended, null);
    assert.is(stage.serving, null);
    stage.wait(() => stage.ended !== null, 'the learner to leave');
    stage.powerCycle();
    assert.is(stage.database.lastLoggedZxid, e2(1));
  });
}

test('duplicate proposals and informs are ignored', () => {
  const follower = acked(discover('follower'));
  const packet = createPacket(e1(4));
  follower.master
    .send(DIFF, e1(4))
    .sendTxn(PROPOSAL, OLD[2]!)
    .sendTxn(PROPOSAL, packet)
    .sendTxn(PROPOSAL, packet);
  follower.master.send(COMMIT, e1(4)).send(COMMIT, e1(4)).send(NEWLEADER, NEWLEADER_ZXID);
  assert.equal(follower.master.told(), [ACK_NEWLEADER]);
  follower.master.send(UPTODATE, -1);
  follower.master.sendTxn(PROPOSAL, createPacket(e2(1))).sendTxn(PROPOSAL, createPacket(e2(1)));
  assert.equal(follower.master.told(), [ACK_NEWLEADER, 'ACK 0x200000001']);
  assert.is(follower.stage.ended, null);

  const observer = serve('observer');
  for (let i = 0; i < 2; i++) observer.master.sendTxn(INFORM, createPacket(e2(1)));
  assert.equal(observer.master.told(), []);
  assert.is(observer.stage.database.lastProcessedZxid, e2(1));
  assert.is(observer.stage.ended, null);
});

test('ZOOKEEPER-1551: INFORMs that reach an observer before UPTODATE are logged and applied at UPTODATE', () => {
  const { stage, master } = acked(discover('observer'));
  master
    .send(DIFF, e1(4))
    .sendTxn(INFORM, createPacket(e1(4)))
    .send(NEWLEADER, NEWLEADER_ZXID);
  assert.equal(master.told(), [ACK_NEWLEADER]);
  assert.is(stage.database.lastProcessedZxid, e1(4));
  for (const n of [1, 2]) master.sendTxn(INFORM, createPacket(e2(n)));
  master.send(UPTODATE, -1).sendTxn(INFORM, createPacket(e2(3)));
  assert.equal(master.told(), [ACK_NEWLEADER]);
  assert.is(stage.database.lastProcessedZxid, e2(3));
  stage.powerCycle();
  assert.is(stage.database.lastProcessedZxid, e2(3));
});

test('000-4: an observer applies and logs each INFORM, and acks only NEWLEADER', () => {
  const { stage, master } = serve('observer');
  for (let n = 1; n <= 5; n++) master.sendTxn(INFORM, createPacket(e2(n)));
  assert.equal(master.told(), []);
  assert.is(stage.database.lastProcessedZxid, e2(5));
  stage.powerCycle();
  assert.is(stage.database.lastLoggedZxid, e2(5), '1552: it has a log of its own');
});

test('a learner leaves on an unexpected packet, whatever the phase', () => {
  const early = discover('follower');
  early.master.told();
  early.master.send(NEWLEADER, NEWLEADER_ZXID);
  assertEnded(early, /NEWLEADER 0x200000000 where DIFF, TRUNC or SNAP was expected/);
  const wrongEpoch = acked(discover('follower'));
  wrongEpoch.master.send(DIFF, e1(3)).send(NEWLEADER, makeZxid(7, 0));
  assertEnded(wrongEpoch, /NEWLEADER 0x700000000 where NEWLEADER 0x200000000 was expected/);
  const tooSoon = acked(discover('follower'));
  tooSoon.master.send(DIFF, e1(3)).send(UPTODATE, -1);
  assertEnded(tooSoon, /UPTODATE 0x-1 during sync/);
  const late = serve('follower');
  late.master.send(DIFF, e1(3));
  assertEnded(late, /unexpected DIFF/);
  const ack = serve('observer');
  ack.master.send(ACK, e1(3));
  assertEnded(ack, /unexpected ACK/);
  const garbage = serve('follower');
  garbage.master.write(Buffer.alloc(30, 0xee));
  assertEnded(garbage, /malformed input/);
});

test('initLimit bounds the wait for each step of the sync, syncLimit the silence after it', () => {
  const waits = discover('follower');
  waits.master.told();
  waits.stage.wait(() => waits.stage.ended !== null, 'initLimit', INIT_LIMIT_MS * 1.5);
  assert.match(waits.stage.ended!, new RegExp(`nothing heard from the master for ${INIT_LIMIT_MS} ms`));

  const play = serve('follower');
  for (let i = 0; i < 10; i++) {
    play.master.send(PING, e1(3));
    play.stage.time.advance(SYNC_LIMIT_MS * 0.8);
    assert.is(play.stage.ended, null);
  }
  play.stage.wait(() => play.stage.ended !== null, 'syncLimit', SYNC_LIMIT_MS);
  assert.match(play.stage.ended!, new RegExp(`for ${SYNC_LIMIT_MS} ms`));
});

test('while a learner stops reading because of its own backlog, its master does not count as silent, but its data grow old', () => {
  const play = serve('observer');
  play.master.send(PING, e1(3));
  play.stage.settle();
  const { lastReceivedMs } = play.learner;
  play.learner.master.pause();
  play.stage.time.advance(2 * SYNC_LIMIT_MS);
  assert.is(play.stage.ended, null);
  assert.is(play.learner.lastReceivedMs, lastReceivedMs, 'no byte has come since');
  play.learner.master.resume();
  play.master.send(PING, e1(3));
  play.stage.settle();
  assert.ok(play.learner.lastReceivedMs >= lastReceivedMs + 2 * SYNC_LIMIT_MS);
});

test('a failed fsync stops the server before anything is acked', () => {
  const { stage, master } = acked(discover('follower'));
  stage.machine.disk.failSync = () => new Error('EIO');
  master
    .send(DIFF, e1(4))
    .sendTxn(PROPOSAL, createPacket(e1(4)))
    .send(COMMIT, e1(4));
  try {
    master.send(NEWLEADER, NEWLEADER_ZXID);
    stage.settle();
  } catch (error) {
    assert.match((error as Error).message, /EIO/);
    return;
  }
  assert.is(stage.fatal?.code, 'ZK_DISK');
  assert.equal(master.told(), []);
});

test('ZOOKEEPER-2845: after a follower leaves, its logged but uncommitted proposals are in memory too', () => {
  const play = serve('follower');
  play.master
    .sendTxn(PROPOSAL, createPacket(e2(1)))
    .sendTxn(PROPOSAL, createPacket(e2(2)))
    .send(COMMIT, e2(1));
  play.stage.settle();
  play.master.destroy();
  play.stage.wait(() => play.stage.ended !== null, 'the end');
  assert.is(play.stage.database.lastProcessedZxid, e2(1));
  assert.is(play.stage.database.fastForward(), 1);
  assert.is(play.stage.database.lastProcessedZxid, e2(2));
});
