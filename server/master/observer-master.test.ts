import { assert, suite } from '#test';
import { Follower } from '../learner/follower.ts';
import { body } from '../memory-client.test-kit.ts';
import { Request } from '../processors/request.ts';
import type { ServerCnxn } from '../processors/server-cnxn.ts';
import { createPacket, packetOf } from '../storage/storage.test-kit.ts';
import { JuteReader, JuteWriter } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import { type Peer, Stage, SYNC_LIMIT_MS, TICK_MS } from '../zab/peer.test-kit.ts';

const test = suite('quorum: an observer master, packet by packet');

const {
  ACK,
  COMMIT,
  DIFF,
  FOLLOWERINFO,
  NEWLEADER,
  OBSERVERINFO,
  PING,
  PROPOSAL,
  REQUEST,
  REVALIDATE,
  SYNC,
} = PacketType;
const { UPTODATE } = PacketType;
const PORT = 2191;
const e1 = (counter: number) => makeZxid(1, counter);
const e2 = (counter: number) => makeZxid(2, counter);
const OLD = [1, 2, 3].map(n => createPacket(e1(n)));

/** A follower of epoch 2 with its master port open, between a leader and observers that the test plays. */
class Play {
  readonly stage = new Stage({ sid: 2, settings: `observerMasterPort=${PORT}\n` }).history(OLD, 1);
  readonly follower: Follower;
  readonly leader: Peer;

  constructor() {
    const accept = this.stage.playMember(1, 2888);
    this.follower = new Follower(
      this.stage.context,
      [[{ sid: 1, addresses: [{ host: 'zk1', port: 2888 }] }]],
      () => {},
    );
    this.follower.start(reason => {
      this.stage.ended = reason;
    });
    this.leader = accept();
    this.leader.sendLeaderInfo(2);
    this.leader.told();
    this.leader.send(DIFF, e1(3)).send(NEWLEADER, e2(0));
    this.leader.told();
    this.leader.send(UPTODATE, -1);
    this.leader.told();
  }

  /** An observer that has attached, with an empty DIFF unless it lacks something. */
  observer(sid = 4, lastZxid = this.stage.database.lastProcessedZxid): Peer {
    const observer = this.stage.dial(PORT).sendInfo(OBSERVERINFO, sid, 1);
    assert.equal(observer.told(), ['LEADERINFO 0x200000000']);
    observer.sendAckEpoch(lastZxid, 1);
    this.synced = observer.told();
    observer.send(ACK, e2(0));
    return observer;
  }

  /** The packets that the last observer was sent, up to NEWLEADER. */
  synced: string[] = [];

  propose(n: number): void {
    this.leader.sendTxn(PROPOSAL, createPacket(e2(n)));
    this.stage.settle();
  }

  commit(n: number): void {
    this.leader.send(COMMIT, e2(n));
    this.stage.settle();
  }
}

test('004-19: the port opens once the follower is synced; when the follower ends, the port and its observers are closed', () => {
  const play = new Play();
  const observer = play.observer();
  assert.equal(play.synced, ['DIFF 0x100000003', 'NEWLEADER 0x200000000']);
  assert.equal(observer.told(), ['UPTODATE 0x-1']);
  play.leader.destroy();
  play.stage.wait(() => play.stage.ended !== null && observer.closed !== null, 'the end');
  assert.throws(() => play.stage.dial(PORT), /refused/);
});

test('000-7, 000-10: a COMMIT becomes an INFORM with its payload, to every observer, in order', () => {
  const play = new Play();
  const observers = [play.observer(4), play.observer(5)];
  for (const observer of observers) observer.told();
  play.propose(1);
  play.propose(2);
  assert.equal(
    observers.map(each => each.told()),
    [[], []],
  );
  play.commit(1);
  play.commit(2);
  for (const observer of observers) {
    assert.equal(observer.told(), ['INFORM 0x200000001', 'INFORM 0x200000002']);
    const { bytes } = createPacket(e2(2));
    assert.ok(observer.data.get('INFORM 0x200000002')!.equals(bytes.subarray(16, -4)));
  }
});

test('an epoch boundary is no gap: an observer gets the first transaction of an epoch after the last of the one before', () => {
  const play = new Play();
  const live = play.observer(4);
  play.propose(1);
  play.commit(1);
  assert.equal(live.told(), ['UPTODATE 0x-1', 'INFORM 0x200000001']);
  const late = play.observer(5, e1(2));
  const sent = [e1(3), e2(1)].flatMap(zxid =>
    ['PROPOSAL', 'COMMIT'].map(name => `${name} 0x${zxid.toString(16)}`),
  );
  assert.equal(play.synced, ['DIFF 0x200000001', ...sent, 'NEWLEADER 0x200000000']);
  play.propose(2);
  play.commit(2);
  assert.equal(late.told(), ['UPTODATE 0x-1', 'INFORM 0x200000002']);
  assert.equal([live.closed, late.closed], [null, null]);
});

test('COMMITANDACTIVATE becomes an INFORMANDACTIVATE with the same leader', () => {
  const play = new Play();
  const observer = play.observer(4);
  observer.told();
  const data = Buffer.from('server.1=zk1:2888:3888:participant\nversion=200000001');
  const txn = packetOf(e2(1), { type: OpCode.reconfig, path: '/zookeeper/config', data, version: -1 });
  const named = Buffer.from([0, 0, 0, 0, 0, 0, 0, 3]);
  play.leader.sendTxn(PROPOSAL, txn).send(PacketType.COMMITANDACTIVATE, e2(1), named);
  play.propose(2);
  play.commit(2);
  assert.equal(observer.told(), ['INFORMANDACTIVATE 0x200000001', 'INFORM 0x200000002']);
  const told = observer.data.get('INFORMANDACTIVATE 0x200000001')!;
  assert.ok(told.equals(Buffer.concat([named, txn.bytes.subarray(16, -4)])));
});

test('ZOOKEEPER-5088: whenever an observer attaches, between any two packets, it hears of every transaction once', () => {
  const steps: ((play: Play) => void)[] = [1, 2, 3].flatMap(n => [
    (play: Play) => play.propose(n),
    (play: Play) => play.commit(n),
  ]);
  for (let at = 0; at <= steps.length; at++) {
    for (const lastZxid of [e1(3), e1(1)]) {
      const play = new Play();
      for (const step of steps.slice(0, at)) step(play);
      const observer = play.observer(4, lastZxid);
      const told = [...play.synced];
      for (const step of steps.slice(at)) step(play);
      told.push(...observer.told());
      const heard = told
        .filter(packet => /^(INFORM|COMMIT)/.test(packet))
        .map(packet => packet.split(' ')[1]);
      const missed = lastZxid === e1(1) ? ['0x100000002', '0x100000003'] : [];
      assert.equal(
        heard,
        [...missed, '0x200000001', '0x200000002', '0x200000003'],
        `attached after step ${at}`,
      );
    }
  }
});

test('ZOOKEEPER-5088: an observer misses nothing that is committed while it takes its sync', () => {
  const play = new Play();
  const observer = play.stage.dial(PORT).sendInfo(OBSERVERINFO, 4, 1);
  observer.told();
  play.propose(1);
  observer.sendAckEpoch(e1(3), 1);
  assert.equal(observer.told(), ['DIFF 0x100000003', 'NEWLEADER 0x200000000']);
  play.commit(1);
  play.propose(2);
  play.commit(2);
  observer.send(ACK, e2(0));
  assert.equal(observer.told(), ['UPTODATE 0x-1', 'INFORM 0x200000001', 'INFORM 0x200000002']);
});

test('an observer ahead of this follower is cut back to what is committed here, and hears the rest again', () => {
  const play = new Play();
  play.propose(1);
  const observer = play.observer(4, e2(1));
  assert.equal(play.synced, ['TRUNC 0x100000003', 'NEWLEADER 0x200000000']);
  play.commit(1);
  assert.equal(observer.told(), ['UPTODATE 0x-1', 'INFORM 0x200000001']);
});

test('followers are not served, and an ack of a transaction ends the connection', () => {
  const play = new Play();
  const follower = play.stage.dial(PORT).sendInfo(FOLLOWERINFO, 3, 1);
  assert.equal(follower.told(), []);
  assert.ok(follower.closed !== null);
  const observer = play.observer();
  observer.told();
  play.propose(1);
  play.commit(1);
  observer.send(ACK, e2(1));
  play.stage.settle();
  assert.ok(observer.closed !== null);
  assert.is(play.stage.ended, null);
});

test('packets too short for their type end the connection, and nothing of them reaches the leader', () => {
  for (const [type, length] of [
    [REQUEST, 15],
    [REVALIDATE, 11],
    [PING, 5],
  ] as const) {
    const play = new Play();
    const observer = play.observer();
    observer.send(type, -1, Buffer.alloc(length));
    play.stage.settle();
    assert.ok(observer.closed !== null, `type ${type}`);
    assert.equal(play.leader.told(), []);
    assert.is(play.stage.ended, null);
  }
});

function requestData(op: number, session: number, cxid: number, write: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter().writeInt(0).writeInt(session).writeInt(cxid).writeInt(op);
  write(writer);
  return writer.toBuffer();
}

test('a REQUEST goes to the leader unchanged, with the identities of its client', () => {
  const play = new Play();
  const observer = play.observer();
  const data = requestData(OpCode.create, 9, 3, body.create('/a', 'x'));
  observer.send(REQUEST, -1, data);
  assert.equal(play.leader.told(), ['REQUEST 0x-1']);
  assert.ok(play.leader.data.get('REQUEST 0x-1')!.equals(data));
});

test('SYNC: each asker gets the answer of its own turn', () => {
  const play = new Play();
  const [first, second] = [play.observer(4), play.observer(5)];
  first.told();
  second.told();
  const sync = (cxid: number) => requestData(OpCode.sync, 9, cxid, body.path('/'));
  first.send(REQUEST, -1, sync(1));
  play.stage.settle();
  second.send(REQUEST, -1, sync(2));
  assert.equal(play.leader.told(), ['REQUEST 0x-1', 'REQUEST 0x-1']);
  play.leader.send(SYNC, 0);
  assert.equal([first.told(), second.told()], [['SYNC 0x0'], []]);
  play.leader.send(SYNC, 0);
  assert.equal([first.told(), second.told()], [[], ['SYNC 0x0']]);
});

test('REVALIDATE: the leader’s answer goes to the observer that asked; one that has left is skipped', () => {
  const play = new Play();
  const ask = (session: number): Buffer => new JuteWriter().writeLong(session).writeInt(4000).toBuffer();
  const answer = (session: number, valid: number): Buffer =>
    new JuteWriter().writeLong(session).writeByte(valid).toBuffer();
  const observers = [play.observer(4), play.observer(5), play.observer(6)];
  for (const [i, observer] of observers.entries()) {
    observer.told();
    observer.send(REVALIDATE, -1, ask(10 + i));
    play.stage.settle();
  }
  assert.is(play.leader.told().length, 3);
  observers[1]!.destroy();
  play.stage.settle();
  for (const [i, valid] of [1, 1, 0].entries()) play.leader.send(REVALIDATE, -1, answer(10 + i, valid));
  assert.equal(observers[0]!.told(), ['REVALIDATE 0x-1']);
  assert.is(observers[0]!.data.get('REVALIDATE 0x-1')![8], 1);
  assert.equal(observers[2]!.told(), ['REVALIDATE 0x-1']);
  assert.is(observers[2]!.data.get('REVALIDATE 0x-1')![8], 0);
  assert.is(play.stage.ended, null);
});

test('REVALIDATE: a question that the leader skipped is answered with no', () => {
  const play = new Play();
  const observer = play.observer();
  observer.told();
  for (const session of [10, 11])
    observer.send(REVALIDATE, -1, new JuteWriter().writeLong(session).writeInt(4000).toBuffer());
  assert.is(play.leader.told().length, 2);
  const answers: number[] = [];
  play.leader.send(REVALIDATE, -1, new JuteWriter().writeLong(11).writeByte(1).toBuffer());
  observer.onPacket = ({ name, data }) => {
    if (name === 'REVALIDATE 0x-1') answers.push(Number(data.readBigInt64BE(0)), data[8]!);
  };
  observer.told();
  assert.equal(answers, [10, 0, 11, 1]);
});

test('REVALIDATE: a client of the follower itself gets the answer of the leader', () => {
  const play = new Play();
  const answers: string[] = [];
  const connection = {
    established: () => void answers.push('established'),
    refused: () => void answers.push('refused'),
  } as Partial<ServerCnxn> as ServerCnxn;
  play.stage.serving!.addConnection(connection);
  const begun = packetOf(e2(1), { type: OpCode.createSession, timeoutMs: 4000 }, 11n);
  play.leader.sendTxn(PROPOSAL, begun).send(COMMIT, e2(1)).told();
  for (const session of [10, 11]) play.stage.serving!.renewSession(connection, BigInt(session), 4000);
  const asked = ['REVALIDATE 0x-1', 'REQUEST 0x-1'];
  assert.equal(play.leader.told(), [...asked, ...asked], 'each with a sync behind it');
  assert.equal(answers, []);
  for (const [session, valid] of [
    [10, 0],
    [11, 1],
  ] as const)
    play.leader
      .send(REVALIDATE, -1, new JuteWriter().writeLong(session).writeByte(valid).toBuffer())
      .send(SYNC, 0);
  play.stage.settle();
  assert.equal(answers, ['refused', 'established']);
});

test('SYNC: a client of the follower itself waits for the answer of the leader', () => {
  const play = new Play();
  let answered = 0;
  const request = new Request({
    sessionHigh: 0,
    sessionLow: 9,
    cxid: 1,
    op: OpCode.sync,
    bytes: Buffer.alloc(0),
    start: 0,
    end: 0,
    isRoomy: false,
    owner: play,
    origin: { complete: () => void answered++ },
    identities: () => [],
    arrivedMs: 0,
  });
  play.stage.serving!.sync(request);
  assert.equal(play.leader.told(), ['REQUEST 0x-1']);
  assert.is(answered, 0);
  play.leader.send(SYNC, 0);
  play.stage.settle();
  assert.is(answered, 1);
});

test('B5: sessions that an observer has heard from reach the leader once, in the next PING of the follower, and only those that exist', () => {
  const play = new Play();
  const observer = play.observer();
  for (const [at, session] of [5n, 6n].entries()) {
    const open = packetOf(e2(at + 1), { type: OpCode.createSession, timeoutMs: 4000 }, session);
    play.leader.sendTxn(PROPOSAL, open).send(COMMIT, e2(at + 1));
  }
  play.stage.settle();
  const strangers = new JuteWriter();
  for (let id = 100; id < 400; id++) strangers.writeLong(id).writeInt(4000);
  observer.send(PING, 0, strangers.toBuffer());
  observer.send(PING, 0, new JuteWriter().writeLong(5).writeInt(4000).writeLong(6).writeInt(8000).toBuffer());
  play.stage.settle();
  const pinged = (): number[] => {
    play.leader.pings.length = 0;
    play.leader.send(PING, e2(0));
    play.stage.settle();
    const reader = new JuteReader(play.leader.pings[0]!);
    const sessions: number[] = [];
    while (reader.remaining > 0) {
      sessions.push(reader.readLong());
      reader.readInt();
    }
    return sessions;
  };
  assert.equal(pinged(), [5, 6]);
  assert.equal(pinged(), []);
});

test('an observer that says nothing for syncLimit is closed; the follower goes on', () => {
  const play = new Play();
  const observer = play.observer();
  for (let i = 0; i < (SYNC_LIMIT_MS / TICK_MS) * 2 + 4; i++) {
    play.leader.send(PING, e2(0));
    play.stage.time.advance(TICK_MS / 2);
  }
  assert.ok(observer.closed !== null);
  assert.is(play.stage.ended, null);
});

test('field report B7: two connections with the id of one observer are both served, and neither ends the other', () => {
  const play = new Play();
  const first = play.observer(4);
  assert.equal(first.told(), ['UPTODATE 0x-1']);
  const second = play.observer(4);
  assert.equal(second.told(), ['UPTODATE 0x-1']);
  assert.is(first.closed, null);
  play.propose(1);
  play.commit(1);
  assert.equal(first.told(), ['INFORM 0x200000001']);
  assert.equal(second.told(), ['INFORM 0x200000001']);
});
