import { assert, suite } from '#test';
import { body } from '../../memory-client.test-kit.ts';
import type { ServerCnxn } from '../../processors/server-cnxn.ts';
import { packetOf as txnOf } from '../../storage/storage.test-kit.ts';
import { OPEN_ACL_UNSAFE } from '../../wire/acl.ts';
import { ErrorCode } from '../../wire/error-codes.ts';
import { JuteWriter } from '../../wire/jute.ts';
import { writeMultiEnd, writeMultiHeader } from '../../wire/multi.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { PacketType, writeQuorumPacket } from '../../wire/quorum-packet.ts';
import { writeCreateRequest } from '../../wire/requests.ts';
import { type Peer, TICK_MS } from '../../zab/peer.test-kit.ts';
import { codeOf, e1, e2, openSession, Play, QUORUM_PORT, requestData, SESSION } from './leader.test-kit.ts';

const test = suite('quorum: what learners ask of a leader');

const { ACK, PING, REQUEST, REVALIDATE } = PacketType;

test('ZOOKEEPER-2623: a forwarded request that no server could read back is refused', () => {
  const play = new Play();
  const two = play.serve(2);
  openSession(two);
  const poison: [number, (w: JuteWriter) => void, number][] = [
    [OpCode.check, body.delete('/'), ErrorCode.UNIMPLEMENTED],
    [OpCode.getData, body.read('/'), ErrorCode.UNIMPLEMENTED],
    [99, () => {}, ErrorCode.UNIMPLEMENTED],
    [OpCode.create, w => void w.writeInt(-7), ErrorCode.MARSHALLINGERROR],
    [
      OpCode.multi,
      w => void w.writeInt(OpCode.setACL).writeBoolean(false).writeInt(-1),
      ErrorCode.MARSHALLINGERROR,
    ],
    [OpCode.create, body.create('/x', '', 77), ErrorCode.BADARGUMENTS],
    // A session without a timeout: an observer behind this follower can have sent it, and the follower's
    // clients must not lose theirs.
    [OpCode.createSession, () => {}, ErrorCode.MARSHALLINGERROR],
  ];
  for (const [op, write] of poison) two.send(REQUEST, -1, requestData(op, 1, write));
  const proposals = two.told().slice(1);
  assert.is(proposals.length, poison.length);
  for (const [i, [op, , code]] of poison.entries())
    assert.is(codeOf(two, proposals[i]!), code, `operation ${op}`);
  assert.is(two.closed, null);
});

test('A2: even with a large jute.maxbuffer, a learner that is not synced yet gets no room for a large packet', () => {
  const settings = 'jute.maxbuffer=104857600\n';
  for (const sent of [0, 1]) {
    const play = new Play([], { settings });
    const stranger = play.stage.dial(QUORUM_PORT);
    if (sent === 1) stranger.sendInfo(PacketType.FOLLOWERINFO, 2, 1).told();
    const head = new JuteWriter().writeInt(PacketType.ACKEPOCH).writeLong(0).writeInt(20_000_000).writeInt(0);
    stranger.write(head.toBuffer());
    play.stage.settle();
    assert.ok(stranger.closed !== null, `after ${sent} packets`);
  }
});

test('A3: a request that a learner forwards is refused when its transaction would be too long; the learner stays', () => {
  const play = new Play([], { settings: 'jute.maxbuffer=1000\n' });
  const two = play.serve(2);
  openSession(two);
  two.send(REQUEST, -1, requestData(OpCode.create, 1, body.create('/fits', 'x'.repeat(1500))));
  two.send(REQUEST, -1, requestData(OpCode.create, 2, body.create('/too-long', 'x'.repeat(2500))));
  two.send(REQUEST, -1, requestData(OpCode.create, 3, body.create('/much-too-long', 'x'.repeat(20_000_000))));
  const [, ...proposals] = two.told();
  assert.equal(
    proposals.map(proposal => codeOf(two, proposal)),
    [ErrorCode.OK, ErrorCode.MARSHALLINGERROR, ErrorCode.MARSHALLINGERROR],
  );
  assert.is(two.closed, null);
});

test('sync: answered when what was outstanding is committed, and at once when nothing is', () => {
  const play = new Play();
  const two = play.serve(2);
  two.send(REQUEST, -1, requestData(OpCode.sync, 1, body.path('/')));
  assert.equal(two.told(), ['SYNC 0x0']);
  openSession(two);
  two.send(REQUEST, -1, requestData(OpCode.sync, 2, body.path('/')));
  assert.equal(two.told(), ['PROPOSAL 0x200000001']);
  two.send(ACK, e2(1));
  assert.equal(two.told(), ['COMMIT 0x200000001', 'SYNC 0x0'], 'behind the commit it waited for');
});

test('sync: the answer stands between the commits before it and those after it, when one ack commits all', () => {
  const play = new Play();
  const two = play.serve(2);
  openSession(two);
  two.send(ACK, e2(1));
  two.told();
  two.send(REQUEST, -1, requestData(OpCode.create, 1, body.create('/a')));
  two.send(REQUEST, -1, requestData(OpCode.sync, 2, body.path('/')));
  two.send(REQUEST, -1, requestData(OpCode.sync, 3, body.path('/')));
  two.send(REQUEST, -1, requestData(OpCode.create, 4, body.create('/b')));
  two.told();
  two.send(ACK, e2(3));
  assert.equal(two.told(), ['COMMIT 0x200000002', 'SYNC 0x0', 'SYNC 0x0', 'COMMIT 0x200000003']);
});

test('sessions: one owner at a time; REVALIDATE moves it; a request from its old place is answered with SESSIONMOVED', () => {
  const play = new Play();
  const two = play.serve(2);
  const three = play.serveAlso(3);
  openSession(two);
  two.send(ACK, e2(1));
  play.stage.settle();
  const ask = Buffer.alloc(12);
  ask.writeInt32BE(SESSION, 4);
  ask.writeInt32BE(60_000, 8);
  three.told();
  three.send(REVALIDATE, -1, ask);
  assert.equal(three.told(), ['REVALIDATE 0x-1']);
  assert.is(three.data.get('REVALIDATE 0x-1')![8], 1);
  two.told();
  two.send(REQUEST, -1, requestData(OpCode.create, 1, body.create('/a')));
  const [moved] = two.told();
  assert.is(codeOf(two, moved!), ErrorCode.SESSIONMOVED);
  two.send(ACK, e2(2));
  ask.writeInt32BE(SESSION + 1, 4);
  three.told();
  three.send(REVALIDATE, -1, ask);
  assert.equal(three.told(), ['REVALIDATE 0x-1']);
  assert.is(three.data.get('REVALIDATE 0x-1')![8], 0);
});

/** (long session, int timeout): a REVALIDATE, or one session of a PING. */
function sessionData(timeoutMs = 60_000): Buffer {
  return new JuteWriter().writeLong(SESSION).writeInt(timeoutMs).toBuffer();
}

function revalidated(learner: Peer): boolean {
  learner.send(REVALIDATE, -1, sessionData(1000));
  learner.told();
  return learner.data.get('REVALIDATE 0x-1')![8] === 1;
}

/** The error code of a write of the session that comes through `learner`. */
function codeOfCreate(learner: Peer, path: string): number {
  learner.told();
  learner.send(REQUEST, -1, requestData(OpCode.create, 1, body.create(path)));
  return codeOf(learner, learner.told().find(packet => packet.startsWith('PROPOSAL'))!);
}

test('sessions: a PING keeps a session alive, and changes no owner', () => {
  const play = new Play();
  const two = play.serve(2);
  const three = play.serveAlso(3);
  openSession(two);
  two.send(ACK, e2(1));
  three.send(PING, 0, sessionData());
  play.stage.settle();
  assert.is(codeOfCreate(two, '/a'), ErrorCode.OK);
  assert.is(codeOfCreate(three, '/b'), ErrorCode.SESSIONMOVED);
});

test('sessions: for a new leader, the first PING says where a session is', () => {
  const play = new Play([txnOf(e1(4), { type: OpCode.createSession, timeoutMs: 60_000 }, BigInt(SESSION))]);
  const two = play.serve(2);
  const three = play.serveAlso(3);
  three.send(PING, 0, sessionData());
  play.stage.settle();
  assert.is(codeOfCreate(two, '/a'), ErrorCode.SESSIONMOVED);
  assert.is(codeOfCreate(three, '/b'), ErrorCode.OK);
});

test('sessions: one whose closeSession is proposed is not revalidated any more', () => {
  const play = new Play();
  const two = play.serve(2);
  const three = play.serveAlso(3);
  openSession(two);
  two.send(ACK, e2(1));
  play.stage.settle();
  assert.is(revalidated(three), true);
  three.send(
    REQUEST,
    -1,
    requestData(OpCode.closeSession, 1, () => {}),
  );
  two.told();
  two.send(REVALIDATE, -1, sessionData());
  assert.equal(two.told(), []);
  two.send(ACK, e2(2));
  assert.equal(two.told(), ['COMMIT 0x200000002', 'REVALIDATE 0x-1']);
  assert.is(two.data.get('REVALIDATE 0x-1')![8], 0);
});

test('sessions: REVALIDATE is answered after the commits of what is outstanding, in the order asked', () => {
  const play = new Play();
  const two = play.serve(2);
  openSession(two);
  two.send(ACK, e2(1));
  two.told();
  two.send(REQUEST, -1, requestData(OpCode.create, 1, body.create('/a')));
  two.send(REVALIDATE, -1, sessionData());
  two.send(REQUEST, -1, requestData(OpCode.create, 2, body.create('/b')));
  two.send(REVALIDATE, -1, sessionData());
  assert.equal(two.told(), ['PROPOSAL 0x200000002', 'PROPOSAL 0x200000003']);
  two.send(ACK, e2(3));
  assert.equal(two.told(), [
    'COMMIT 0x200000002',
    'REVALIDATE 0x-1',
    'COMMIT 0x200000003',
    'REVALIDATE 0x-1',
  ]);
});

/** A multi with one create of this many bytes, by another session than the one that the test is about. */
function multiOf(bytes: number): Buffer {
  const write = (writer: JuteWriter) => {
    writeMultiHeader(writer, OpCode.create, false, -1);
    writeCreateRequest(writer, { path: '/large', data: Buffer.alloc(bytes), acl: OPEN_ACL_UNSAFE, flags: 0 });
    writeMultiEnd(writer);
  };
  return packetOf(REQUEST, requestData(OpCode.multi, 1, write, SESSION + 1));
}

function sessionRequest(session: number): Buffer {
  return requestData(OpCode.createSession, 0, w => void w.writeInt(60_000), session);
}

test('sessions: REVALIDATE finds the session that its own learner has just made global, also behind a long multi', () => {
  for (const bytes of [10, 70_000]) {
    const play = new Play();
    const two = play.serve(2);
    openSession(two, SESSION + 1);
    two.send(ACK, e2(1));
    two.told();
    two.write(
      Buffer.concat([
        multiOf(bytes),
        packetOf(REQUEST, sessionRequest(SESSION)),
        packetOf(REVALIDATE, sessionData()),
        packetOf(REQUEST, sessionRequest(SESSION + 2)),
      ]),
    );
    two.told();
    two.send(ACK, e2(4));
    const order = ['COMMIT 0x200000002', 'COMMIT 0x200000003', 'REVALIDATE 0x-1', 'COMMIT 0x200000004'];
    assert.equal(two.told(), order, `${bytes} bytes`);
    assert.is(two.data.get('REVALIDATE 0x-1')![8], 1, `${bytes} bytes`);
  }
});

/** A client of the leader itself that returns with a session. */
function renew(play: Play): { given: 'established' | 'refused' | null } {
  const answer: ReturnType<typeof renew> = { given: null };
  const connection = {
    established: () => {
      answer.given = 'established';
    },
    refused: () => {
      answer.given = 'refused';
    },
  } as Partial<ServerCnxn> as ServerCnxn;
  const server = play.leader.server!;
  server.addConnection(connection);
  server.renewSession(connection, BigInt(SESSION), 60_000);
  return answer;
}

test('sessions: a client that moves to the leader takes its session along, unless its closeSession is proposed', () => {
  const play = new Play();
  const two = play.serve(2);
  openSession(two);
  two.send(ACK, e2(1));
  play.stage.settle();
  assert.is(renew(play).given, 'established');
  assert.is(codeOfCreate(two, '/a'), ErrorCode.SESSIONMOVED);
  two.send(
    REQUEST,
    -1,
    requestData(OpCode.closeSession, 2, () => {}),
  );
  play.stage.settle();
  assert.is(renew(play).given, 'refused');
  assert.is(play.leader.server!.globalSessions, 1);
  two.send(ACK, e2(3));
  play.stage.settle();
  assert.is(play.leader.server!.globalSessions, 0);
});

test('sessions: a client that moves to the leader keeps a session whose createSession waits behind a long multi', () => {
  const play = new Play([], { turnUnits: 40, turnMs: 2 });
  const two = play.serve(2);
  openSession(two, SESSION + 1);
  two.send(ACK, e2(1));
  two.told();
  two.write(Buffer.concat([multiOf(70_000), packetOf(REQUEST, sessionRequest(SESSION))]));
  const server = play.leader.server!;
  for (let i = 0; i < 10_000 && server.preparing < 2; i++) play.stage.time.advance(0.01);
  assert.is(server.preparing, 2);
  const answer = renew(play);
  play.stage.settle();
  assert.is(server.preparing, 0);
  assert.is(answer.given, 'established');
});

test('sessions: REVALIDATE gives a session its whole timeout again', () => {
  const play = new Play();
  const two = play.serve(2);
  openSession(two);
  two.send(ACK, e2(1));
  for (let i = 0; i < 20; i++) {
    assert.is(revalidated(two), true, `after ${i * 400} ms`);
    for (let at = 0; at < 4; at++) {
      play.stage.time.advance(TICK_MS / 2);
      two.send(PING, 0, Buffer.alloc(0));
    }
  }
});

test('a session that no ping touches expires by closeSession; one that a learner reports stays', () => {
  const play = new Play();
  const two = play.serve(2);
  for (const session of [SESSION, SESSION + 1])
    two.send(
      REQUEST,
      -1,
      requestData(OpCode.createSession, 0, w => void w.writeInt(1000), session),
    );
  two.send(ACK, e2(2));
  play.stage.settle();
  const touched = Buffer.alloc(12);
  touched.writeInt32BE(SESSION, 4);
  touched.writeInt32BE(1000, 8);
  for (let i = 0; i < 20; i++) {
    play.stage.time.advance(TICK_MS / 2);
    two.send(PING, 0, touched);
    for (const packet of two.told()) {
      const zxid = /^PROPOSAL (0x[0-9a-f]+)$/.exec(packet)?.[1];
      if (zxid !== undefined) two.send(ACK, Number(zxid));
    }
  }
  assert.equal([...play.stage.database.sessionTimeouts.keys()], [BigInt(SESSION)]);
});

test('B5: a leader without acks proposes as many of 100,000 small requests as its memory limit allows; the others wait', () => {
  const play = new Play();
  const two = play.serve(2);
  const requests = Buffer.concat(
    Array.from({ length: 1_000 }, () =>
      packetOf(
        REQUEST,
        requestData(OpCode.createSession, 0, w => void w.writeInt(4000)),
      ),
    ),
  );
  for (let i = 0; i <= 100; i++) two.write(requests);
  const server = play.leader.server!;
  play.stage.wait(() => !server.hasRoom, 'as much as there is room for');
  play.stage.settle();
  const proposed = server.lastProposed - e2(0);
  assert.ok(proposed > 10_000 && proposed < 70_000, `${proposed} proposals`);
  assert.equal([play.stage.ended, two.closed], [null, null]);
});

function packetOf(type: PacketType, data: Buffer): Buffer {
  const writer = new JuteWriter();
  writeQuorumPacket(writer, { type, zxid: -1, data, authinfo: null });
  return writer.toBuffer();
}

test('ZOOKEEPER-1147: a local session of a learner may write, but owns no ephemeral until the learner makes it global', () => {
  const asked: [string, number, number, number][] = [
    ['a plain node', 0, ErrorCode.OK, ErrorCode.SESSIONEXPIRED],
    ['an ephemeral', 1, ErrorCode.SESSIONEXPIRED, ErrorCode.SESSIONEXPIRED],
    ['a sequential ephemeral', 3, ErrorCode.SESSIONEXPIRED, ErrorCode.SESSIONEXPIRED],
  ];
  for (const enabled of [true, false]) {
    const play = new Play([], { settings: `localSessionsEnabled=${enabled}\n` });
    const two = play.serve(2);
    for (const [, flags] of asked)
      two.send(REQUEST, -1, requestData(OpCode.create, 1, body.create(`/n${flags}`, '', flags)));
    const proposals = two.told();
    for (const [i, [what, , whenEnabled, otherwise]] of asked.entries()) {
      assert.is(codeOf(two, proposals[i]!), enabled ? whenEnabled : otherwise, `${what}, ${enabled}`);
    }
    openSession(two);
    two.send(REQUEST, -1, requestData(OpCode.create, 2, body.create('/e', '', 1)));
    assert.is(codeOf(two, two.told()[1]!), ErrorCode.OK);
    two.send(
      REQUEST,
      -1,
      requestData(OpCode.closeSession, 3, () => {}),
    );
    two.send(REQUEST, -1, requestData(OpCode.create, 4, body.create('/late')));
    assert.is(codeOf(two, two.told()[1]!), ErrorCode.SESSIONEXPIRED, 'a global session on its way out');
  }
});
