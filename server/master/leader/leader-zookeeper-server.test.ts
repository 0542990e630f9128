import { assert, suite } from '#test';
import type { Configuration } from '../../membership/configuration.ts';
import { QuorumMaj } from '../../membership/quorum-maj.ts';
import { Request } from '../../processors/request.ts';
import type { ServerCnxn } from '../../processors/server-cnxn.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { COUNTER_MAX, counterOf, makeZxid } from '../../wire/zxid.ts';
import { Stage, type StageOptions } from '../../zab/peer.test-kit.ts';
import { serverParts } from '../../zab/peer-context.ts';
import type { Broadcast } from '../proposals/broadcast.ts';
import { LeaderZooKeeperServer } from './leader-zookeeper-server.ts';

const test = suite('quorum: the server of a leader');

/** A leader of epoch 2 whose last zxid is given, and a record of what it tells the others. */
function leaderAt(zxid: number, options: StageOptions = {}) {
  const stage = new Stage(options);
  stage.database.startEpoch(zxid);
  const told: string[] = [];
  const onInform: { run: (zxid: number) => void } = { run: () => {} };
  const broadcast: Broadcast = {
    propose: packet => void told.push(`PROPOSAL 0x${packet.zxid.toString(16)}`),
    inform: packet => {
      told.push(`INFORM 0x${packet.zxid.toString(16)}`);
      onInform.run(packet.zxid);
    },
    commit: packets => void told.push(...packets.map(packet => `COMMIT 0x${packet.zxid.toString(16)}`)),
    reconfigure: (_, zxid) => void told.push(`reconfigures at 0x${zxid.toString(16)}`),
    activate: packet => {
      told.push(`COMMITANDACTIVATE 0x${packet.zxid.toString(16)}`);
      return true;
    },
    stepDown: reason => void told.push(reason),
  };
  const { membership, sessionIds } = stage.context;
  const role = { mode: 'leader', sid: 1, sessionIds, membership, broadcast, zxid } as const;
  const server = new LeaderZooKeeperServer(serverParts(stage.context), role);
  return { stage, server, told, onInform };
}

function closeSession(session: number): Request {
  return new Request({
    sessionHigh: 0,
    sessionLow: session,
    cxid: 1,
    op: OpCode.closeSession,
    bytes: Buffer.alloc(0),
    start: 0,
    end: 0,
    isRoomy: false,
    owner: {},
    origin: null,
    identities: () => [],
    arrivedMs: 0,
  });
}

test('at the end of an epoch’s counter nothing is proposed at or above 0xffffffff, which Apache takes for rolled over', () => {
  const { server, told } = leaderAt(makeZxid(2, COUNTER_MAX - 2));
  server.submit(closeSession(1));
  assert.equal(told.splice(0), ['PROPOSAL 0x2fffffffe']);
  for (let i = 0; i < 2; i++) server.submit(closeSession(2));
  assert.ok(told.length > 0);
  for (const line of told) assert.match(line, /counter of this epoch is used up/);
  assert.is(server.lastProposed, makeZxid(2, COUNTER_MAX - 1));
});

test('a leader without acks stops at 100,000 expired sessions, and says why', () => {
  const { server, told } = leaderAt(makeZxid(2, 0));
  for (let session = 0; session <= 100_000; session++) server.submit(closeSession(session));
  assert.is(told.length, 100_001);
  assert.is(told.at(-1), '100000 proposals wait for a quorum');
});

test('a late ack takes nothing back from an earlier, higher one', () => {
  const { stage, server, told } = leaderAt(makeZxid(2, 0));
  stage.machine.disk.syncDelayMs = 500;
  for (let session = 1; session <= 3; session++) server.submit(closeSession(session));
  for (const counter of [3, 1]) server.ack(2, makeZxid(2, counter));
  stage.time.advance(600);
  assert.equal(told.slice(6), ['COMMIT 0x200000001', 'COMMIT 0x200000002', 'COMMIT 0x200000003']);
});

/** Work units of the closeSession of a session that owns nothing. Five such transactions fill a turn. */
const UNITS = 8;
const TURN_UNITS = 5 * UNITS;

/** Closes `count` sessions; one ack of a quorum commits all of it. */
function burst(count: number, options: StageOptions = { turnUnits: TURN_UNITS }) {
  const play = leaderAt(makeZxid(2, 0), options);
  for (let session = 1; session <= count; session++) play.server.submit(closeSession(session));
  play.told.length = 0;
  const { stage, server } = play;
  const applied = () => counterOf(stage.database.lastProcessedZxid);
  return { ...play, applied, ackAll: () => server.ack(2, makeZxid(2, count)) };
}

test('field report B1: what one ack commits is applied in slices, with turns of the loop in between', () => {
  const { stage, told, applied, ackAll } = burst(23);
  ackAll();
  assert.is(
    stage.mostInOneTurn(applied, () => applied() === 23),
    5,
  );
  const zxids = Array.from({ length: 23 }, (_, i) => `0x${makeZxid(2, i + 1).toString(16)}`);
  for (const type of ['INFORM', 'COMMIT']) {
    const ofType = told.filter(line => line.startsWith(type));
    assert.equal(
      ofType,
      zxids.map(zxid => `${type} ${zxid}`),
    );
  }
});

test('whenever learners are told of a commit, it is applied to the tree here', () => {
  const { stage, told, applied, ackAll } = burst(23);
  ackAll();
  let turns = 0;
  stage.wait(() => {
    const commits = told.filter(line => line.startsWith('COMMIT')).length;
    assert.is(commits, applied());
    turns++;
    return commits === 23;
  }, 'all commits');
  assert.ok(turns > 4, `${turns} turns`);
});

test('an answer that waits for outstanding proposals comes after their commits and before later ones, in whichever turn', () => {
  for (let after = 1; after <= 12; after++) {
    const { stage, server, told, applied } = burst(after);
    for (const who of ['a', 'b']) server.syncAfterOutstanding(() => told.push(`${who} at ${applied()}`));
    for (let session = 1; session <= 6; session++) server.submit(closeSession(100 + session));
    server.ack(2, makeZxid(2, after + 6));
    stage.wait(() => applied() === after + 6, 'all to be applied');
    const lines = told.filter(line => !/^(PROPOSAL|INFORM)/.test(line));
    assert.equal(lines.slice(after, after + 2), [`a at ${after}`, `b at ${after}`]);
    for (const [i, line] of lines.entries()) if (i < after || i > after + 1) assert.match(line, /^COMMIT/);
  }
});

test('a sync asked while older ones wait for their turn is not answered before them', () => {
  const { stage, server, told, ackAll } = burst(1, { turnUnits: 10 });
  for (let i = 0; i < 12; i++) server.syncAfterOutstanding(() => told.push(`${i}`));
  ackAll();
  const answers = () => told.filter(line => !line.includes(' '));
  stage.wait(() => answers().length > 0, 'the first answers');
  assert.ok(answers().length < 12, 'they are divided among turns');
  server.syncAfterOutstanding(() => told.push('12'));
  stage.wait(() => answers().length === 13, 'all answers');
  assert.equal(
    answers(),
    Array.from({ length: 13 }, (_, i) => `${i}`),
  );
});

test('a leader that stops between two turns announces no more commits, and has the rest in its log', () => {
  const { stage, server, told, applied, ackAll } = burst(23);
  ackAll();
  stage.wait(() => applied() >= 5, 'the first turn');
  assert.ok(applied() < 23);
  let stopped = false;
  server.stop('test', () => {
    stopped = true;
  });
  const commits = applied();
  stage.wait(() => stopped, 'the stop');
  stage.settle();
  assert.is(told.filter(line => line.startsWith('COMMIT')).length, commits);
  assert.is(stage.database.fastForward(), 23 - commits);
});

/** A configuration with the members of the stage, of which only these vote. */
function withVoters({ context }: Stage, version: number, ...voters: number[]): Configuration {
  const { servers } = context.membership.committed;
  return { servers, verifier: new QuorumMaj({ version, text: '', voters, observers: [] }) };
}

test('after its commit a configuration decides alone: what its quorum has acked is committed without another ack', () => {
  const { stage, server, told, onInform } = leaderAt(makeZxid(2, 0));
  const { membership } = stage.context;
  server.submit(closeSession(1));
  const reconfig = server.lastProposed;
  const next = withVoters(stage, reconfig, 1);
  membership.see(next, reconfig);
  server.submit(closeSession(2));
  stage.settle();
  onInform.run = zxid => {
    if (zxid === reconfig) membership.commit(next);
  };
  told.length = 0;
  server.ack(2, reconfig);
  stage.settle();
  assert.equal(
    told.filter(line => line.startsWith('COMMIT')),
    ['COMMIT 0x200000001', 'COMMIT 0x200000002'],
  );
});

test("a server's share of globalOutstandingLimit follows the number of voters", () => {
  const { stage, server } = leaderAt(makeZxid(2, 0), { settings: 'globalOutstandingLimit=6\n' });
  let holds = 0;
  const connection = { hold: () => ++holds, release: () => {} } as unknown as ServerCnxn;
  const fourAtOnce = () => {
    holds = 0;
    for (let i = 0; i < 4; i++) server.requestStarted(connection);
    for (let i = 0; i < 4; i++) server.requestEnded();
    return holds;
  };
  assert.is(fourAtOnce(), 1, 'two voters forward to the leader: 3 each');
  stage.context.membership.commit(withVoters(stage, 1, 1));
  assert.is(fourAtOnce(), 0);
});
