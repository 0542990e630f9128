/** What a leader and its learners keep while a quorum, or the leader, is slow. In virtual time. */
import { assert, suite } from '#test';
import { serve } from '../learner/learner.test-kit.ts';
import {
  LearnerZooKeeperServer,
  QUESTIONS_MAX,
  RELAYED_BYTES_MAX,
} from '../learner/learner-zookeeper-server.ts';
import { e2, openSession, Play, requestData } from '../master/leader/leader.test-kit.ts';
import { LeaderZooKeeperServer } from '../master/leader/leader-zookeeper-server.ts';
import { OUTSTANDING_BYTES_MAX } from '../master/proposals/outstanding-bytes.ts';
import { body, helloFrame, MemoryClient, requestFrame } from '../memory-client.test-kit.ts';
import { CLIENT_PORT, MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { Request } from '../processors/request.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode, Xid } from '../wire/opcodes.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import { writeAuthRequest } from '../wire/requests.ts';
import { TICK_MS } from '../zab/peer.test-kit.ts';

const test = suite('quorum: a slow quorum, and a slow leader');

const { ACK, REQUEST } = PacketType;
const MIB = 1024 * 1024;
const VALUE = 'x'.repeat(1_000_000);

function setData(session: number, cxid: number): Buffer {
  return requestData(OpCode.setData, cxid, body.setData('/', VALUE), session);
}

test('B5: proposals that no quorum has acked are bounded in bytes; learners wait in order, acks and pings of voters pass', () => {
  const play = new Play();
  const two = play.serve(2);
  play.serveAlso(3);
  const observer = play.observe(4);
  openSession(two);
  openSession(observer, 0x99);
  two.told();
  for (const zxid of [e2(1), e2(2)]) two.send(ACK, zxid);
  two.told();
  observer.told();
  for (const learner of [two, observer]) learner.answersPings = true;
  const server = play.leader.server!;
  const COUNT = 72;
  for (let n = 1; n <= COUNT; n++) {
    two.send(REQUEST, -1, setData(0x77, n));
    observer.send(REQUEST, -1, setData(0x99, n));
    play.stage.time.advance(3);
    assert.ok(server.outstandingBytes <= OUTSTANDING_BYTES_MAX + 3 * MIB, `${server.outstandingBytes} bytes`);
  }
  assert.not.ok(server.hasRoom);
  const pings = two.pings.length;
  play.stage.time.advance(TICK_MS);
  assert.ok(two.pings.length > pings);
  // The leader does not read from the observer, and must not cut it for being silent.
  let acked = 2;
  for (let left = 12; left > 0; left--) {
    two.send(ACK, e2(++acked));
    play.stage.time.advance(TICK_MS / 2);
  }
  assert.equal([two.closed, observer.closed], [null, null]);
  let informed = 0;
  for (let rounds = 0; informed < 2 * COUNT && rounds < 200; rounds++) {
    for (let n = 0; n < 10 && acked < server.lastProposed - e2(0); n++) two.send(ACK, e2(++acked));
    two.told();
    informed += observer.told().filter(name => name.startsWith('INFORM')).length;
  }
  assert.is(informed, 2 * COUNT, 'each is committed');
  assert.is(server.outstandingBytes, 0);
});

test('B5: clients that leave their writes behind use up no more than a server may keep; the next client waits and is served', () => {
  const settings = { 'nio.sessionlessCnxnTimeout': 500 };
  const ensemble = new MemoryEnsemble({ voters: 0, settings }).start();
  const server = ensemble.server(1).view.serving!;
  assert.ok(server instanceof LeaderZooKeeperServer);
  const leaving = Array.from({ length: 35 }, () => MemoryClient.open(ensemble));
  const staying = MemoryClient.open(ensemble);
  ensemble.machine(1).disk.syncDelayMs = 3_000;
  let most = 0;
  for (const client of leaving) {
    for (let i = 0; i < 4; i++) client.send(OpCode.setData, body.setData('/', VALUE));
    ensemble.time.advance(5);
    client.raw.destroy();
    ensemble.time.advance(5);
    most = Math.max(most, server.outstandingBytes);
  }
  assert.ok(most <= OUTSTANDING_BYTES_MAX + 3 * MIB, `${most} bytes`);
  assert.not.ok(server.hasRoom);
  const lastProposed = server.lastProposed;
  const xid = staying.send(OpCode.setData, body.setData('/', 'mine'));
  const newcomers = Array.from({ length: 3 }, () => new MemoryClient(ensemble, 1));
  const impatient = ensemble.dial(1, CLIENT_PORT);
  impatient.write(helloFrame());
  ensemble.time.advance(5);
  impatient.destroy();
  ensemble.time.advance(5);
  const mute = ensemble.dial(1, CLIENT_PORT);
  mute.untilClosed();
  assert.is(server.lastProposed, lastProposed, 'sessions are writes too');
  assert.equal(
    newcomers.map(({ raw }) => raw.closed),
    [null, null, null],
    'they have asked for a session, unlike the one that is closed',
  );
  ensemble.machine(1).disk.syncDelayMs = 0;
  assert.is(staying.reply(xid).err, ErrorCode.OK);
  ensemble.wait(
    () => newcomers.every(({ response }) => response !== null),
    'sessions of those who came meanwhile',
  );
  ensemble.wait(() => server.outstandingBytes === 0, 'nothing to be kept');
});

test('B5: a learner stops asking a master that does not read; what clients ask meanwhile follows when it reads again', () => {
  const { stage, master } = serve('follower');
  const server = stage.serving!;
  assert.ok(server instanceof LearnerZooKeeperServer);
  let rooms = 0;
  server.onRoom = () => rooms++;
  master.pause();
  let asked = 0;
  while (server.hasRoom) {
    server.forward(requestOf(7, asked++));
    stage.time.advance(1);
    assert.ok(asked < 10, 'there is an end to it');
  }
  assert.is(rooms, 0);
  master.resume();
  stage.wait(() => server.hasRoom, 'room');
  assert.is(rooms, 1);
  assert.is(master.told().length, asked);
});

test('B5: what the leader keeps for a learner’s departed clients and its observers is bounded', () => {
  const { stage, master } = serve('follower');
  const server = stage.serving!;
  assert.ok(server instanceof LearnerZooKeeperServer);
  let asked = 0;
  while (server.hasRoom) {
    if (asked % 2 === 0) server.relay(requestOf(7, asked), VALUE.length);
    else {
      server.forward(requestOf(8, asked));
      server.leftBehind(0, 8, 1, VALUE.length);
    }
    asked++;
    stage.settle();
    assert.ok(asked < 100, 'there is an end to it');
  }
  assert.ok(server.relayedBytes <= RELAYED_BYTES_MAX + MIB);
  assert.is(master.told().length, asked);
});

test('B5: what a client leaves at the leader counts with its identities, which go with each write; a sync does not count', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).start();
  const sid = ensemble.sids.find(each => each !== ensemble.leader)!;
  const server = ensemble.server(sid).view.serving!;
  const left: number[][] = [];
  Object.assign(server, {
    leftBehind: (_high: number, _low: number, count: number, bytes: number) => void left.push([count, bytes]),
  });
  const client = MemoryClient.open(ensemble, sid);
  const request = { type: 0, scheme: 'digest', auth: Buffer.from(`${'u'.repeat(50_000)}:secret`) };
  client.raw.write(requestFrame(Xid.auth, OpCode.auth, w => writeAuthRequest(w, request)));
  for (const each of ensemble.sids) ensemble.machine(each).disk.syncDelayMs = 100;
  for (let n = 0; n < 5; n++) client.send(OpCode.setData, body.setData('/', 'small'));
  client.send(OpCode.sync, body.path('/'));
  ensemble.time.advance(20);
  client.raw.destroy();
  ensemble.time.advance(20);
  assert.is(left.length, 1);
  const [count, bytes] = left[0]!;
  assert.is(count, 5);
  assert.ok(bytes! > 250_000 && bytes! < 300_000, `${bytes} bytes`);
});

test('B5: a learner asks for a bounded number of returning sessions at a time', () => {
  const { stage, master } = serve('follower');
  const server = stage.serving!;
  assert.ok(server instanceof LearnerZooKeeperServer);
  const answers: boolean[] = [];
  for (let n = 0; n < QUESTIONS_MAX; n++) {
    assert.ok(server.hasRoom);
    server.revalidate(1n, 4000, valid => void answers.push(valid));
  }
  stage.settle();
  assert.not.ok(server.hasRoom);
  const answer = Buffer.alloc(9);
  answer.writeBigInt64BE(1n);
  for (let n = 0; n < QUESTIONS_MAX / 2; n++) master.send(PacketType.REVALIDATE, -1, answer);
  stage.wait(() => server.hasRoom, 'room');
  assert.is(answers.length, QUESTIONS_MAX / 2);
});

function requestOf(session: number, cxid: number): Request {
  const bytes = Buffer.from(VALUE);
  return new Request({
    sessionHigh: 0,
    sessionLow: session,
    cxid,
    op: OpCode.setData,
    bytes,
    start: 0,
    end: bytes.length,
    isRoomy: false,
    owner: {},
    origin: null,
    identities: () => [],
    arrivedMs: 0,
  });
}
