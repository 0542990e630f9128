/** Masters that send proposals and commits to observers (ZOOKEEPER-368, option 2), packet by packet. */
import { assert, suite } from '#test';
import { Follower } from '../../learner/follower.ts';
import { body } from '../../memory-client.test-kit.ts';
import type { LogFields } from '../../runtime/logging/logger.ts';
import { createPacket, packetOf } from '../../storage/storage.test-kit.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { OBSERVER_PROPOSALS, PacketType } from '../../wire/quorum-packet.ts';
import { type Peer, Stage, SYNC_LIMIT_MS, TICK_MS } from '../../zab/peer.test-kit.ts';
import { e1, e2, NEWLEADER, openSession, Play, requestData, SESSION, UPTODATE } from './leader.test-kit.ts';

const test = suite('quorum: masters that send proposals to observers');

const { ACK, COMMIT, COMMITANDACTIVATE, DIFF, OBSERVERINFO, PROPOSAL, REQUEST } = PacketType;
const OFFERS = { settings: 'observer.proposals.enabled=true\n' };
const LEADERINFO = 'LEADERINFO 0x200000000';

function write(follower: Peer, cxid: number): void {
  follower.send(REQUEST, -1, requestData(OpCode.create, cxid, body.create(`/n${cxid}`)));
}

test('000-8: an observer that asks hears PROPOSAL and COMMIT, the same bytes as a follower; another one hears INFORM', () => {
  const play = new Play([], OFFERS);
  const two = play.serve(2);
  const asks = play.observe(4, undefined, true);
  const apaches = play.observe(5);
  openSession(two);
  assert.equal(
    [two.told(), asks.told(), apaches.told()],
    [['PROPOSAL 0x200000001'], ['PROPOSAL 0x200000001'], []],
  );
  assert.ok(asks.data.get('PROPOSAL 0x200000001')!.equals(two.data.get('PROPOSAL 0x200000001')!));
  two.send(ACK, e2(1));
  const committed = [two.told(), asks.told(), apaches.told()];
  assert.equal(committed, [['COMMIT 0x200000001'], ['COMMIT 0x200000001'], ['INFORM 0x200000001']]);
});

test('the leader promises proposals in LEADERINFO only to an observer that asked, and only with the key', () => {
  const infoOf = (settings: { settings?: string }, asks: boolean) => {
    const play = new Play([], settings);
    play.serve(2);
    const observer = play.observer(4, 1, 'zk4', asks);
    assert.equal(observer.told(), [LEADERINFO]);
    return observer.data.get(LEADERINFO)!;
  };
  assert.equal(
    [...infoOf(OFFERS, true)],
    [0, 1, 0, 0, 0, 0, OBSERVER_PROPOSALS >> 8, OBSERVER_PROPOSALS & 0xff],
  );
  for (const plain of [infoOf(OFFERS, false), infoOf({}, true), infoOf({}, false)])
    assert.equal([...plain], [0, 1, 0, 0], 'four bytes, as upstream sends them');
});

test('with the key, a leader says which observer does not ask for proposals', () => {
  const play = new Play([], OFFERS);
  const said: [string, LogFields | undefined][] = [];
  const { lines } = play.stage.context;
  lines.info = (_kind, message, fields) => void said.push([message, fields]);
  play.serve(2);
  play.observe(4, undefined, true);
  play.observe(5);
  const about = said.filter(([message]) => /INFORM/.test(message));
  assert.is(about.length, 1);
  assert.match(
    about[0]![0],
    /observer 5 is sent INFORM: it is one of Apache ZooKeeper's, or does not have observer\.p/,
  );
});

test('an observer that joins while proposals wait for a quorum is sent them after its sync, in order', () => {
  const play = new Play([], OFFERS);
  const two = play.serve(2);
  openSession(two);
  write(two, 1);
  two.told();
  const observer = play.observer(4, 1, 'zk4', true);
  observer.told();
  observer.sendAckEpoch(e1(3), 1);
  assert.equal(observer.told(), ['DIFF 0x100000003', NEWLEADER]);
  observer.send(ACK, e2(0));
  assert.equal(observer.told(), [UPTODATE, 'PROPOSAL 0x200000001', 'PROPOSAL 0x200000002']);
  two.send(ACK, e2(2));
  assert.equal(observer.told(), ['COMMIT 0x200000001', 'COMMIT 0x200000002']);
});

test('000-4: the ack of an observer that hears proposals counts for nothing, and ends its connection', () => {
  const play = new Play([], OFFERS);
  const two = play.serve(2);
  const observer = play.observe(4, undefined, true);
  play.stage.machine.disk.syncDelayMs = 500;
  openSession(two);
  assert.equal(observer.told(), ['PROPOSAL 0x200000001']);
  observer.send(ACK, e2(1));
  play.stage.time.advance(600);
  assert.is(
    play.stage.database.lastProcessedZxid,
    e2(0),
    'the leader and an observer are no quorum of three',
  );
  assert.ok(observer.closed !== null);
});

test('an observer owes no ack: it keeps its connection however long a proposal waits for its quorum', () => {
  const play = new Play([], OFFERS);
  const two = play.serve(2);
  const observer = play.observe(4, undefined, true);
  for (const peer of [two, observer]) peer.answersPings = true;
  openSession(two);
  two.send(ACK, e2(1));
  play.stage.time.advance(SYNC_LIMIT_MS + 4 * TICK_MS);
  assert.is(observer.closed, null);
  assert.equal(observer.told(), ['PROPOSAL 0x200000001', 'COMMIT 0x200000001']);
});

test('COMMITANDACTIVATE goes to observers that hear proposals as it goes to followers', () => {
  const play = new Play([], { settings: `${OFFERS.settings}reconfigEnabled=true\nskipACL=yes\n` });
  const two = play.serve(2);
  const observer = play.observe(4, undefined, true);
  openSession(two);
  two.send(ACK, e2(1));
  const text = 'server.5=zk5:2888:3888:observer;2181';
  const joining = requestData(
    OpCode.reconfig,
    1,
    w => void w.writeString(text).writeString(null).writeString(null).writeLong(-1),
    SESSION,
  );
  two.send(REQUEST, -1, joining);
  two.told();
  two.send(ACK, e2(2));
  const told = observer.told().filter(name => name.endsWith('2'));
  assert.equal(told, ['PROPOSAL 0x200000002', 'COMMITANDACTIVATE 0x200000002']);
  assert.equal([...observer.data.get('COMMITANDACTIVATE 0x200000002')!], [0, 0, 0, 0, 0, 0, 0, 1]);
});

/** A follower of epoch 2 that serves observers, between a leader and observers that the test plays. */
class Master {
  readonly stage = new Stage({ sid: 2, settings: `observerMasterPort=2191\n${OFFERS.settings}` }).history(
    [1, 2, 3].map(n => createPacket(e1(n))),
    1,
  );
  readonly leader: Peer;
  /** The packets that the last observer was sent, up to NEWLEADER. */
  synced: string[] = [];

  constructor() {
    const accept = this.stage.playMember(1, 2888);
    const follower = new Follower(
      this.stage.context,
      [[{ sid: 1, addresses: [{ host: 'zk1', port: 2888 }] }]],
      () => {},
    );
    follower.start(() => {});
    this.leader = accept();
    this.leader.sendLeaderInfo(2);
    this.leader.told();
    this.leader.send(DIFF, e1(3)).send(PacketType.NEWLEADER, e2(0));
    this.leader.told();
    this.leader.send(PacketType.UPTODATE, -1);
    this.leader.told();
  }

  observer(asksForProposals: boolean, lastZxid = this.stage.database.lastProcessedZxid): Peer {
    const observer = this.stage.dial(2191).sendInfo(OBSERVERINFO, 4, 1, asksForProposals);
    observer.told();
    observer.sendAckEpoch(lastZxid, 1);
    this.synced = observer.told();
    return observer.send(ACK, e2(0));
  }

  propose(n: number): void {
    this.leader.sendTxn(PROPOSAL, createPacket(e2(n)));
    this.stage.settle();
  }

  commit(n: number): void {
    this.leader.send(COMMIT, e2(n));
    this.stage.settle();
  }
}

test('000-10: an observer master passes on proposals when they come, and commits when it has applied them', () => {
  const master = new Master();
  const observer = master.observer(true);
  const informed = master.observer(false);
  assert.equal([observer.told(), informed.told()], [[UPTODATE], [UPTODATE]]);
  master.propose(1);
  master.propose(2);
  assert.equal([observer.told(), informed.told()], [['PROPOSAL 0x200000001', 'PROPOSAL 0x200000002'], []]);
  master.commit(1);
  assert.equal([observer.told(), informed.told()], [['COMMIT 0x200000001'], ['INFORM 0x200000001']]);
  assert.equal(master.leader.told(), ['ACK 0x200000001', 'ACK 0x200000002'], 'the acks are its own');
});

test('an observer master passes COMMITANDACTIVATE on as it comes', () => {
  const master = new Master();
  const observer = master.observer(true);
  observer.told();
  const data = Buffer.from('server.1=zk1:2888:3888:participant\nversion=200000001');
  const txn = packetOf(e2(1), { type: OpCode.reconfig, path: '/zookeeper/config', data, version: -1 });
  const named = Buffer.from([0, 0, 0, 0, 0, 0, 0, 3]);
  master.leader.sendTxn(PROPOSAL, txn).send(COMMITANDACTIVATE, e2(1), named);
  assert.equal(observer.told(), ['PROPOSAL 0x200000001', 'COMMITANDACTIVATE 0x200000001']);
  assert.ok(observer.data.get('COMMITANDACTIVATE 0x200000001')!.equals(named));
});

test('ZOOKEEPER-5088: whenever an observer attaches, between any two packets, each proposal and each commit comes once, in order', () => {
  const steps: ((master: Master) => void)[] = [1, 2, 3].flatMap(n => [
    (master: Master) => master.propose(n),
    (master: Master) => master.commit(n),
  ]);
  for (let at = 0; at <= steps.length; at++) {
    for (const lastZxid of [e1(3), e1(1)]) {
      const master = new Master();
      for (const step of steps.slice(0, at)) step(master);
      const observer = master.observer(true, lastZxid);
      const told = [...master.synced];
      for (const step of steps.slice(at)) step(master);
      told.push(...observer.told());
      const heard = (type: string) =>
        told.filter(name => name.startsWith(type)).map(name => name.split(' ')[1]);
      const missed = lastZxid === e1(1) ? ['0x100000002', '0x100000003'] : [];
      const all = [...missed, '0x200000001', '0x200000002', '0x200000003'];
      assert.equal([heard('PROPOSAL'), heard('COMMIT')], [all, all], `attached after ${at} packets`);
      assert.not(told.some(name => name.startsWith('INFORM')));
    }
  }
});
