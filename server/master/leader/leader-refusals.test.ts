import { assert, suite } from '#test';
import { JuteWriter } from '../../wire/jute.ts';
import { PacketType } from '../../wire/quorum-packet.ts';
import { UNNAMED_LEARNERS_MAX } from '../learners/learner-connections.ts';
import { e1, e2, openSession, Play, QUORUM_PORT } from './leader.test-kit.ts';

const test = suite('quorum: what a leader refuses');

const { ACK, OBSERVERINFO, PING, REQUEST, REVALIDATE } = PacketType;

test('a stranger with the id of a follower cannot harm it at any step: its connection stays and its acks count', () => {
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

test('connections that have not said who they are get 4 KiB of packet each, and of more than 1024 of them the oldest is closed', () => {
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

test('an implausible epoch is refused, and is written to no disk', () => {
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

test('an accepted epoch that a server of no configuration claims changes nothing', () => {
  const play = new Play();
  play.observer(77, 1_000_000);
  play.stage.settle();
  assert.equal(play.follower(2).told(), ['LEADERINFO 0x200000000']);
});
