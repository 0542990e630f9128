/**
 * A leader whose membership changes while it leads. Each decision needs quorums of the configurations that
 * count when it is made, whatever counted before.
 */
import { assert, suite } from '#test';
import type { Configuration } from '../../membership/configuration.ts';
import { QuorumMaj } from '../../membership/quorum-maj.ts';
import { body } from '../../memory-client.test-kit.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { PacketType } from '../../wire/quorum-packet.ts';
import { type Peer, SYNC_LIMIT_MS } from '../../zab/peer.test-kit.ts';
import { e2, NEWLEADER, openSession, Play, requestData, UPTODATE } from './leader.test-kit.ts';

const test = suite('quorum: a leader and the configurations that decide');

const { ACK, REQUEST } = PacketType;
const LEADERINFO = 'LEADERINFO 0x200000000';
const TEXT = 'server.3=zk3:2888:3888:participant\nversion=100000009';

/** A configuration with the members of the play, of which only these vote. */
function withVoters(play: Play, ...voters: number[]): Configuration {
  const { servers } = play.stage.context.membership.committed;
  return { servers, verifier: new QuorumMaj({ version: 0x1_0000_0009, text: TEXT, voters, observers: [] }) };
}

/** Proposes the create that `follower` asks for, and returns its zxid. */
function propose(play: Play, follower: Peer, path: string): number {
  follower.send(REQUEST, -1, requestData(OpCode.create, 1, body.create(path)));
  play.stage.settle();
  return play.leader.server!.lastProposed;
}

const commits = (peer: Peer) => peer.told().filter(packet => packet.startsWith('COMMIT'));

test('the epoch is agreed by a quorum of the last seen configuration too', () => {
  const play = new Play();
  play.stage.context.membership.see(withVoters(play, 3));
  const two = play.follower(2);
  assert.equal(two.told(), []);
  const three = play.follower(3);
  assert.equal([two.told(), three.told()], [[LEADERINFO], [LEADERINFO]]);
});

test('NEWLEADER is acknowledged by a quorum of both, which commits the configuration that it names', () => {
  const play = new Play();
  const { membership } = play.stage.context;
  const [two, three] = [play.follower(2), play.follower(3)];
  for (const each of [two, three]) {
    each.told();
    each.sendAckEpoch(play.lastZxid, 1);
  }
  play.stage.settle();
  membership.see(withVoters(play, 3));
  two.told();
  two.send(ACK, e2(0));
  assert.equal(two.told(), []);
  assert.is(play.leading, false);
  assert.is(membership.committed.verifier.version, 0);
  three.told();
  three.send(ACK, e2(0));
  assert.equal([two.told(), three.told()], [[UPTODATE], [UPTODATE]]);
  assert.is(membership.committed.verifier.text, TEXT);
  assert.is(membership.quorum.next, null, 'it decides alone from here on');
});

test('NEWLEADER names the configuration that was seen last when it is sent', () => {
  const play = new Play();
  const two = play.follower(2);
  two.told();
  play.stage.context.membership.see(withVoters(play, 1, 2));
  two.sendAckEpoch(play.lastZxid, 1);
  two.told();
  assert.is(String(two.data.get(NEWLEADER)), TEXT);
});

test('from the proposal of a new configuration on, proposals wait for its quorum too; earlier ones do not', () => {
  const play = new Play();
  const two = play.serve(2);
  const three = play.serveAlso(3);
  openSession(two);
  const reconfig = propose(play, two, '/before') + 1;
  play.stage.context.membership.see(withVoters(play, 3), reconfig);
  assert.is(propose(play, two, '/a'), reconfig);
  two.send(ACK, reconfig);
  assert.equal(
    commits(two),
    [1, 2].map(counter => `COMMIT 0x${e2(counter).toString(16)}`),
  );
  three.send(ACK, reconfig);
  assert.equal(commits(two), [`COMMIT 0x${reconfig.toString(16)}`]);
});

test('the leader steps down when a quorum of the last seen configuration is not heard from', () => {
  const play = new Play();
  const two = play.serve(2);
  two.answersPings = true;
  play.stage.time.advance(3 * SYNC_LIMIT_MS);
  assert.is(play.stage.ended, null);
  play.stage.context.membership.see(withVoters(play, 3));
  play.stage.time.advance(SYNC_LIMIT_MS);
  assert.match(play.stage.ended ?? '', /no quorum of learners/);
});

test('a synced voter that the last seen configuration needs is not cut off', () => {
  const play = new Play();
  play.serve(2);
  play.serveAlso(3);
  const handlerOf = (sid: number) => [...play.leader.handlers].find(handler => handler.sid === sid)!;
  assert.equal(
    [2, 3].map(sid => play.leader.canSpare(handlerOf(sid))),
    [true, true],
  );
  play.stage.context.membership.see(withVoters(play, 1, 3));
  assert.equal(
    [2, 3].map(sid => play.leader.canSpare(handlerOf(sid))),
    [true, false],
  );
});
