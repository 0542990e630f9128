/**
 * What is committed is applied in slices: whoever joins, leaves or asks between two of them loses nothing.
 */
import { assert, suite } from '#test';
import { Follower } from '../learner/follower.ts';
import { discover, e1, e2, OLD, type Play, serve } from '../learner/learner.test-kit.ts';
import { LearnerZooKeeperServer } from '../learner/learner-zookeeper-server.ts';
import { Play as LeaderPlay, openSession } from '../master/leader/leader.test-kit.ts';
import { Request } from '../processors/request.ts';
import { createPacket, packetOf } from '../storage/storage.test-kit.ts';
import { OpCode } from '../wire/opcodes.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import { counterOf } from '../wire/zxid.ts';
import { type Peer, Stage, type StageOptions, SYNC_LIMIT_MS } from '../zab/peer.test-kit.ts';

const test = suite('quorum: slices');

const { ACK, COMMIT, DIFF, INFORM, NEWLEADER, OBSERVERINFO, PING, PROPOSAL, REVALIDATE, SYNC, UPTODATE } =
  PacketType;

const COUNT = 30;
/** Four transactions a turn, and each turn takes 5 ms. */
const SLOW: StageOptions = { turnUnits: 32, turnMs: 5 };
const ZXIDS = Array.from({ length: COUNT }, (_, i) => `0x${e2(i + 1).toString(16)}`);
const MASTER_PORT = 2191;

function learnerOf(role: 'follower' | 'observer', options: StageOptions = SLOW): Play {
  return serve(role, new Stage({ sid: role === 'follower' ? 2 : 4, ...options }).history(OLD, 1));
}

/** Commits all transactions of a burst in one chunk. */
function commitAll(role: 'follower' | 'observer', master: Peer): void {
  for (let n = 1; n <= COUNT; n++) {
    if (role === 'follower') master.sendTxn(PROPOSAL, createPacket(e2(n))).send(COMMIT, e2(n));
    else master.sendTxn(INFORM, createPacket(e2(n)));
  }
}

function serverOf({ stage }: Play): LearnerZooKeeperServer {
  assert.ok(stage.serving instanceof LearnerZooKeeperServer);
  return stage.serving;
}

const applied = ({ stage }: { stage: Stage }) =>
  stage.database.lastProcessedZxid < e2(0) ? 0 : counterOf(stage.database.lastProcessedZxid);

/** Runs until some of a burst are applied and most are not. */
function untilSome(play: { stage: Stage }): void {
  play.stage.wait(() => applied(play) > 0, 'the first to be applied');
  assert.ok(applied(play) < COUNT / 2);
}

for (const role of ['follower', 'observer'] as const) {
  test(`field report B1: a chunk of many commits takes no longer than the budget of a turn, at the ${role}`, () => {
    const play = learnerOf(role);
    commitAll(role, play.master);
    const most = play.stage.mostInOneTurn(
      () => applied(play),
      () => applied(play) === COUNT,
    );
    assert.is(most, 4);
  });

  test(`the ${role}'s master is heard while commits wait: pings are answered, proposals acked`, () => {
    const play = learnerOf(role);
    const { stage, master } = play;
    commitAll(role, master);
    master.send(PING, e2(0));
    untilSome(play);
    const pings = master.pings.length;
    stage.wait(() => master.pings.length > pings, 'the answer to a ping');
    assert.ok(applied(play) < COUNT, 'before all is applied');
    if (role === 'follower') {
      assert.is(stage.database.lastLoggedZxid, e2(COUNT));
      stage.wait(() => master.told().includes(`ACK ${ZXIDS.at(-1)}`), 'the acks');
    }
  });

  test(`answers of the ${role}'s master keep their place behind commits that wait`, () => {
    const play = learnerOf(role);
    const { master } = play;
    const server = serverOf(play);
    const at: string[] = [];
    server.syncFor(request(OpCode.sync), () => at.push(`sync at ${applied(play)}`));
    server.revalidate(7n, 1000, valid => at.push(`${valid} at ${applied(play)}`));
    commitAll(role, master);
    const valid = Buffer.alloc(9, 1);
    valid.writeBigInt64BE(7n);
    master.send(SYNC, 0).send(REVALIDATE, -1, valid);
    play.stage.wait(() => at.length === 2, 'both answers');
    assert.equal(at, [`sync at ${COUNT}`, `true at ${COUNT}`]);
  });

  test(`what still waits when the role of the ${role} ends is in its log, and nothing more is applied`, () => {
    const play = learnerOf(role);
    const { stage, master } = play;
    commitAll(role, master);
    untilSome(play);
    master.destroy();
    stage.wait(() => stage.ended !== null, 'the end of the role');
    const before = applied(play);
    stage.settle();
    assert.is(applied(play), before);
    assert.is(stage.database.fastForward(), COUNT - before);
    assert.is(stage.database.lastProcessedZxid, e2(COUNT));
  });

  test(`clients come to the ${role} only once what was committed before UPTODATE is applied`, () => {
    const stage = new Stage({ sid: role === 'follower' ? 2 : 4, ...SLOW }).history(OLD, 1);
    const play = discover(role, { stage });
    play.master.told();
    play.master.send(DIFF, e1(3)).send(NEWLEADER, e2(0));
    play.master.told();
    commitAll(role, play.master);
    play.master.send(UPTODATE, -1);
    const servedAt: number[] = [];
    const most = stage.mostInOneTurn(
      () => applied(play),
      () => {
        if (stage.serving !== null) servedAt.push(applied(play));
        return servedAt.length > 0;
      },
    );
    assert.is(most, 4);
    assert.equal(servedAt, [COUNT]);
  });
}

test('a role that ends while it applies what came before UPTODATE never serves', () => {
  const stage = new Stage({ sid: 2, ...SLOW }).history(OLD, 1);
  const play = discover('follower', { stage });
  play.master.told();
  play.master.send(DIFF, e1(3)).send(NEWLEADER, e2(0));
  play.master.told();
  commitAll('follower', play.master);
  play.master.send(UPTODATE, -1);
  untilSome(play);
  play.master.destroy();
  let served = false;
  stage.wait(() => {
    served ||= stage.serving !== null;
    return stage.ended !== null;
  }, 'the end');
  stage.time.advance(500);
  assert.not(served || stage.serving !== null);
});

/** Zxids of the transactions that a learner of a leader or observer master was brought, in order. */
function brought(told: readonly string[]): string[] {
  return told.filter(line => /^(COMMIT|INFORM)/.test(line)).map(line => line.split(' ')[1]!);
}

/** A learner that says what it has `waitMs` after the burst, so it is registered between any two slices. */
function join(stage: Stage, learner: Peer, waitMs: number): string[] {
  stage.time.advance(waitMs);
  learner.sendAckEpoch(e1(3), 1);
  stage.time.advance(500);
  learner.send(ACK, e2(0));
  stage.time.advance(500);
  return learner.told();
}

test('ZOOKEEPER-5088: a learner that joins its leader between two slices hears of every transaction once', () => {
  const joinedAt = new Set<number>();
  for (const joins of ['follower', 'observer'] as const) {
    for (let waitMs = 0; waitMs < 50; waitMs += 3) {
      const play = new LeaderPlay([], SLOW);
      const two = play.serve(2);
      const learner = joins === 'follower' ? play.follower(3) : play.observer(4);
      play.stage.time.advance(100);
      learner.told();
      for (let n = 1; n <= COUNT; n++) openSession(two, n);
      play.stage.time.advance(100);
      assert.is(two.told().length, COUNT, 'all are proposed');
      two.send(ACK, e2(COUNT));
      const startForwarding = play.leader.startForwarding.bind(play.leader);
      play.leader.startForwarding = (...parts) => {
        joinedAt.add(applied(play));
        startForwarding(...parts);
      };
      assert.equal(brought(join(play.stage, learner, waitMs)), ZXIDS, `${joins} after ${waitMs} ms`);
    }
  }
  assert.ok(joinedAt.size > 5, `they joined at ${[...joinedAt]}`);
});

test('ZOOKEEPER-5088: an observer that joins a follower between two slices hears of every transaction once', () => {
  const joinedAt = new Set<number>();
  for (let waitMs = 0; waitMs < 50; waitMs += 3) {
    const play = learnerOf('follower', { ...SLOW, settings: `observerMasterPort=${MASTER_PORT}\n` });
    const { stage, learner } = play;
    assert.ok(learner instanceof Follower);
    const observer = stage.dial(MASTER_PORT).sendInfo(OBSERVERINFO, 4, 1);
    stage.time.advance(100);
    observer.told();
    const master = learner.observerMaster!;
    const startForwarding = master.startForwarding.bind(master);
    master.startForwarding = (handler, lastSeenZxid) => {
      joinedAt.add(applied(play));
      startForwarding(handler, lastSeenZxid);
    };
    commitAll('follower', play.master);
    assert.equal(brought(join(stage, observer, waitMs)), ZXIDS, `after ${waitMs} ms`);
  }
  assert.ok(joinedAt.size > 5, `they joined at ${[...joinedAt]}`);
});

test('a leader with very many observers sends them few transactions a turn', () => {
  const most = [0, 20].map(observers => {
    const play = new LeaderPlay([], { turnUnits: 40 });
    const two = play.serve(2);
    const all = Array.from({ length: observers }, (_, i) => play.observer(100 + i));
    play.stage.settle();
    for (const observer of all) observer.sendAckEpoch(e1(3), 1);
    play.stage.settle();
    for (const observer of all) observer.send(ACK, e2(0));
    for (let n = 1; n <= COUNT; n++) openSession(two, n);
    play.stage.settle();
    two.send(ACK, e2(COUNT));
    return play.stage.mostInOneTurn(
      () => applied(play),
      () => applied(play) === COUNT,
    );
  });
  assert.equal(most, [5, 2]);
});

test('the master waits while a learner has too much to apply; the learner does not count as silent, and goes on afterwards', () => {
  const bytes = 1024 * 1024;
  const large = (n: number) =>
    packetOf(e2(n), { type: OpCode.setData, path: '/n100000001', data: Buffer.alloc(bytes), version: n });
  const count = 70;
  const pace = { sid: 4, turnUnits: 32, turnMs: 1 };
  const play = serve('observer', new Stage(pace).history(OLD, 1));
  const { stage, master } = play;
  // One transaction is more than a turn's work, and half of what may wait takes longer than syncLimit.
  pace.turnMs = (3 * SYNC_LIMIT_MS) / 32;
  const server = serverOf(play);
  for (let n = 1; n <= count; n++) server.commit(large(n));
  master.send(PING, e2(0));
  stage.wait(() => master.pings.length > 0 || stage.ended !== null, 'the answer to a ping');
  assert.is(stage.ended, null);
  const waited = count - applied(play);
  assert.ok(waited <= 32 && waited > 28, `answered when ${waited} MiB waited`);
});

function request(op: number): Request {
  const bytes = Buffer.alloc(0);
  return new Request({
    sessionHigh: 0,
    sessionLow: 5,
    cxid: 1,
    op,
    bytes,
    start: 0,
    end: 0,
    isRoomy: false,
    owner: {},
    origin: null,
    identities: () => [],
    arrivedMs: 0,
  });
}
