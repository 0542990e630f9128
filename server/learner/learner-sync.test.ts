import { assert, suite } from '#test';
import { createPacket } from '../storage/storage.test-kit.ts';
import { JuteWriter } from '../wire/jute.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import {
  ACK_NEWLEADER,
  acked,
  assertEnded,
  discover,
  e1,
  e2,
  NEWLEADER_ZXID,
  SIGNATURE,
  snapshotOf,
  THEIRS,
} from './learner.test-kit.ts';

const test = suite('quorum: TRUNC and SNAP at a learner');

const { PROPOSAL, COMMIT, NEWLEADER, DIFF, TRUNC, SNAP } = PacketType;

test('ZOOKEEPER-3104, 3642: a SNAP counts only when it is whole; one that breaks off in the middle leaves memory and disk unchanged', () => {
  const snapshot = snapshotOf(THEIRS);
  for (const cut of [0, 1, 10, Math.floor(snapshot.length / 2), snapshot.length - 1, snapshot.length]) {
    const play = acked(discover('follower'));
    play.master.send(SNAP, e1(6)).write(snapshot.subarray(0, cut));
    play.stage.settle();
    play.master.destroy();
    assertEnded(play, /connection to the master lost/);
    assert.is(play.stage.database.lastProcessedZxid, e1(3), `cut at ${cut}`);
    assert.is(play.stage.database.tree.getNode('/n100000004'), undefined);
    // The same database goes on: the next sync is a DIFF on top of what the database really has.
    // ZOOKEEPER-1549
    const again = acked(discover('follower', { stage: play.stage, newEpoch: 3 }));
    again.master
      .send(DIFF, e1(4))
      .sendTxn(PROPOSAL, createPacket(e1(4)))
      .send(COMMIT, e1(4));
    again.master.send(NEWLEADER, makeZxid(3, 0));
    assert.equal(again.master.told(), ['ACK 0x300000000']);
    play.stage.powerCycle();
    assert.is(play.stage.database.lastProcessedZxid, e1(4), `cut at ${cut}`);
  }
});

test('a SNAP at every split point: the tree, the sessions, and what follows behind it', () => {
  const snapshot = Buffer.concat([snapshotOf(THEIRS), SIGNATURE]);
  for (let cut = 0; cut <= snapshot.length; cut += 7) {
    const { stage, master } = acked(discover('follower'));
    master.send(SNAP, e1(6)).write(snapshot.subarray(0, cut));
    stage.settle();
    master
      .write(snapshot.subarray(cut))
      .sendTxn(PROPOSAL, createPacket(e1(7)))
      .send(COMMIT, e1(7));
    master.send(NEWLEADER, NEWLEADER_ZXID);
    assert.equal(master.told(), [ACK_NEWLEADER], `cut at ${cut}`);
    assert.is(stage.database.lastProcessedZxid, e1(7));
    assert.is(String(stage.database.tree.getNode('/n100000002')!.data), 'theirs');
    assert.equal([...stage.database.sessionTimeouts], [[5n, 4000]]);
    stage.powerCycle();
    assert.is(stage.database.lastProcessedZxid, e1(7), `cut at ${cut}`);
    assert.is(String(stage.database.tree.getNode('/n100000002')!.data), 'theirs');
  }
});

test('a learner leaves its master on a SNAP with another signature, or of garbage', () => {
  const wrong = new JuteWriter().writeString('BenWasNot!').toBuffer();
  const play = acked(discover('follower'));
  play.master.send(SNAP, e1(6)).write(Buffer.concat([snapshotOf(THEIRS), wrong]));
  assertEnded(play, /signature/);
  const garbage = acked(discover('follower'));
  garbage.master.send(SNAP, e1(6)).write(Buffer.alloc(64, 0xee));
  assertEnded(garbage, /malformed input/);
  const orphan = new JuteWriter()
    .writeInt(0)
    .writeInt(0)
    .writeString('/no/parent')
    .writeBuffer(null)
    .writeLong(-1);
  orphan.writeRaw(Buffer.alloc(60)).writeString('/');
  const orphaned = acked(discover('follower'));
  orphaned.master.send(SNAP, e1(6)).write(orphan.toBuffer());
  assertEnded(orphaned, /malformed input.*parent/);
});

test('TRUNC cuts memory and disk; the sync goes on from there', () => {
  const { stage, master } = acked(discover('follower'));
  const other = createPacket(e2(1), 'other');
  master.send(TRUNC, e1(2)).sendTxn(PROPOSAL, other).send(COMMIT, e2(1)).send(NEWLEADER, NEWLEADER_ZXID);
  assert.equal(master.told(), [ACK_NEWLEADER]);
  assert.ok(stage.database.tree.getNode('/n100000002') !== undefined);
  assert.is(stage.database.tree.getNode('/n100000003'), undefined);
  stage.powerCycle();
  assert.ok(stage.database.tree.getNode('/n100000002') !== undefined);
  assert.is(stage.database.tree.getNode('/n100000003'), undefined);
  assert.is(stage.database.lastLoggedZxid, e2(1));
});

test('ZOOKEEPER-4837: a TRUNC that the files cannot satisfy changes nothing, and the next sync asks for a SNAP', () => {
  const play = acked(discover('follower'));
  const { stage } = play;
  play.master.send(TRUNC, e1(9));
  assertEnded(play, /cannot give the state at 0x100000009/);
  assert.is(stage.database.lastProcessedZxid, e1(3));
  const again = discover('follower', { stage });
  assert.equal(again.master.told(), ['ACKEPOCH 0x-1']);
  again.master.send(SNAP, e1(6)).write(Buffer.concat([snapshotOf(THEIRS), SIGNATURE]));
  again.master.send(NEWLEADER, NEWLEADER_ZXID);
  assert.equal(again.master.told(), [ACK_NEWLEADER]);
  again.master.destroy();
  stage.wait(() => stage.ended !== null, 'the end');
  acked(discover('follower', { stage }), e1(6));
});

test('ZOOKEEPER-3642: when the master is lost while its SNAP is written, the database is unchanged and fit for the next sync', () => {
  const play = acked(discover('follower'));
  const { stage } = play;
  stage.machine.disk.syncDelayMs = 500;
  play.master.send(SNAP, e1(6)).write(Buffer.concat([snapshotOf(THEIRS), SIGNATURE]));
  stage.time.advance(200);
  play.master.destroy();
  assertEnded(play, /connection to the master lost/);
  stage.time.advance(1_000);
  assert.is(stage.database.lastProcessedZxid, e1(3));
  const again = acked(discover('follower', { stage, newEpoch: 3 }));
  again.master
    .send(DIFF, e1(4))
    .sendTxn(PROPOSAL, createPacket(e1(4)))
    .send(COMMIT, e1(4));
  again.master.send(NEWLEADER, makeZxid(3, 0));
  stage.time.advance(600);
  assert.equal(again.master.told(), ['ACK 0x300000000']);
  stage.powerCycle();
  assert.is(stage.database.lastProcessedZxid, e1(4));
});

test('after a learner leaves in the middle of a sync, its disk and its memory have the same', () => {
  const { stage, master } = acked(discover('follower'));
  stage.machine.disk.syncDelayMs = 500;
  master
    .send(DIFF, e1(4))
    .sendTxn(PROPOSAL, createPacket(e1(4)))
    .send(COMMIT, e1(4));
  stage.settle();
  master.destroy();
  stage.time.advance(300);
  assert.is(stage.ended, null);
  stage.wait(() => stage.ended !== null, 'the end');
  stage.powerCycle();
  assert.is(stage.database.lastProcessedZxid, e1(4));
});
