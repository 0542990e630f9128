import { assert, suite } from '#test';
import { PacketType } from '../../wire/quorum-packet.ts';
import { type Peer, TICK_MS } from '../../zab/peer.test-kit.ts';
import { e1, e2, NEWLEADER, openSession, Play, UPTODATE } from './leader.test-kit.ts';

const test = suite('quorum: the one connection of each voter');

const { ACK, PING } = PacketType;
const LAST = e1(3);
const ROUNDS = 200;

/** Opens another connection with the id of voter 2, and goes as far with it as it gets. */
function claim(play: Play): Peer {
  const newcomer = play.follower(2, 2);
  assert.equal(newcomer.told(), ['LEADERINFO 0x200000000']);
  newcomer.sendAckEpoch(LAST, 1);
  play.stage.settle();
  return newcomer;
}

test('field report B7: a stranger that claims the id of an answering voter is sent away every time, and the voter notices nothing', () => {
  const play = new Play();
  const two = play.serve(2);
  two.answersPings = true;
  for (let round = 0; round < ROUNDS; round++) assert.ok(claim(play).closed !== null, `claim ${round}`);
  assert.is(two.closed, null);
  openSession(two);
  assert.equal(two.told(), ['PROPOSAL 0x200000001']);
  two.send(ACK, e2(1));
  assert.equal(two.told(), ['COMMIT 0x200000001'], 'its acks count');
  assert.is(play.stage.ended, null);
});

test('field report B7: a role that does not fit the id is refused', () => {
  const play = new Play();
  const two = play.serve(2);
  assert.equal(play.observer(2).told(), []);
  const observer = play.observe(4);
  assert.equal(play.follower(4).told(), []);
  const [asObserver, asFollower] = [play.observer(2), play.follower(4)];
  play.stage.settle();
  assert.ok(asObserver.closed !== null && asFollower.closed !== null);
  assert.is(two.closed, null);
  assert.is(observer.closed, null);
});

test('an id that no configuration names may observe, as with upstream', () => {
  const play = new Play();
  play.serve(2);
  assert.is(play.observe(77).closed, null);
});

test('a voter that comes back replaces a connection on which nobody answers for a tick', () => {
  const play = new Play();
  const dead = play.serve(2);
  const two = claim(play);
  play.stage.time.advance(TICK_MS / 2);
  assert.is(dead.closed, null);
  assert.equal(two.told(), []);
  play.stage.time.advance(TICK_MS / 2);
  assert.equal(two.told(), ['DIFF 0x100000003', NEWLEADER]);
  assert.ok(dead.closed !== null);
  two.send(ACK, e2(0));
  assert.equal(two.told(), [UPTODATE]);
});

test('only the PING that asked, sent back, is an answer; bytes that were already on their way are not', () => {
  const play = new Play();
  const dead = play.serve(2);
  const two = claim(play);
  dead.send(PING, e2(0), Buffer.alloc(0)).send(PING, 0, Buffer.alloc(0));
  play.stage.time.advance(TICK_MS);
  assert.equal(two.told(), ['DIFF 0x100000003', NEWLEADER]);
  assert.ok(dead.closed !== null);
});

test('a voter that comes back is accepted at once when its earlier connection closes meanwhile', () => {
  const play = new Play();
  const dead = play.serve(2);
  const two = claim(play);
  assert.equal(two.told(), []);
  dead.destroy();
  assert.equal(two.told(), ['DIFF 0x100000003', NEWLEADER]);
});

test('several newcomers share one question, and the first of them gets the seat', () => {
  const play = new Play();
  const dead = play.serve(2);
  const [first, second] = [claim(play), claim(play)];
  const asked = dead.pings.length;
  play.stage.time.advance(TICK_MS);
  assert.equal(first.told(), ['DIFF 0x100000003', NEWLEADER]);
  assert.ok(dead.pings.length - asked <= 2, 'a PING of every half tick, and no more');
  play.stage.time.advance(TICK_MS);
  assert.is(first.closed !== null || second.closed !== null, true);
});

test('a voter that waits for the leader to start keeps its seat', () => {
  const play = new Play();
  const waiting = play.follower(3);
  waiting.told();
  const two = play.follower(2);
  two.told();
  two.sendAckEpoch(LAST, 1);
  assert.equal(two.told(), ['DIFF 0x100000003', NEWLEADER]);
  const newcomer = play.follower(2, 2);
  newcomer.told();
  newcomer.sendAckEpoch(LAST, 1);
  two.send(ACK, e2(0));
  assert.equal(two.told(), [UPTODATE]);
  two.answersPings = true;
  play.stage.time.advance(TICK_MS);
  assert.is(two.closed, null);
});
