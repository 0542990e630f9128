/** How leader and learner meet, seen from the leader. */
import { assert, suite } from '#test';
import { JuteWriter } from '../../wire/jute.ts';
import { PacketType, PROTOCOL_VERSION } from '../../wire/quorum-packet.ts';
import { makeZxid } from '../../wire/zxid.ts';
import { e1, e2, NEWLEADER, Play, QUORUM_PORT, UPTODATE } from './leader.test-kit.ts';

const test = suite('quorum: introductions and histories');

const { ACK, FOLLOWERINFO, OBSERVERINFO } = PacketType;

const infoOf = (sid: number, version: number) =>
  new JuteWriter().writeLong(sid).writeInt(version).writeLong(0).toBuffer();

test('002-2: a leader says its protocol version, and takes learners of this version or a later one', () => {
  for (const type of [FOLLOWERINFO, OBSERVERINFO]) {
    const play = new Play();
    const three = play.follower(3);
    const sid = type === FOLLOWERINFO ? 2 : 4;
    for (const version of [PROTOCOL_VERSION, PROTOCOL_VERSION + 1]) {
      const learner = play.stage.dial(QUORUM_PORT).send(type, makeZxid(1, 0), infoOf(sid, version));
      play.follower(2);
      assert.equal(learner.told(), ['LEADERINFO 0x200000000']);
      assert.equal(learner.data.get('LEADERINFO 0x200000000')?.toString('hex'), '00010000');
      learner.destroy();
      play.stage.settle();
    }
    for (const version of [0, 1, PROTOCOL_VERSION - 1, -1]) {
      const old = play.stage.dial(QUORUM_PORT).send(type, makeZxid(1, 0), infoOf(sid, version));
      assert.equal(old.told(), [], `version ${version}`);
      assert.ok(old.closed !== null, 'it is told nothing, and closed');
    }
    assert.is(three.closed, null, 'nobody else is');
    assert.is(play.stage.ended, null);
  }
});

test('002-4: a leader never fetches history: it keeps its own when a learner is ahead, and asks for nothing', () => {
  for (const [lastZxid, currentEpoch] of [
    [e1(4), 1],
    [e2(1), 1],
    [e1(1), 2],
  ] as const) {
    const play = new Play();
    const { database } = play.stage;
    const [ahead, behind] = [play.follower(2), play.follower(3)];
    const told = [...ahead.told(), ...behind.told()];
    ahead.sendAckEpoch(lastZxid, currentEpoch);
    behind.sendAckEpoch(e1(2), 1);
    told.push(...ahead.told(), ...behind.told());
    behind.send(ACK, e2(0));
    told.push(...ahead.told(), ...behind.told());
    assert.equal(told, [
      ...['LEADERINFO 0x200000000', 'LEADERINFO 0x200000000'],
      ...['DIFF 0x100000003', 'PROPOSAL 0x100000003', 'COMMIT 0x100000003', NEWLEADER, UPTODATE],
    ]);
    assert.ok(ahead.closed !== null);
    assert.is(database.lastLoggedZxid, e1(3));
  }
});
