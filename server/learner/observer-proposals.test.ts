/**
 * An observer to which its master sends proposals and commits (ZOOKEEPER-368, option 2), packet by packet.
 */
import { assert, suite } from '#test';
import { createPacket, packetOf } from '../storage/storage.test-kit.ts';
import { OpCode } from '../wire/opcodes.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import { Stage } from '../zab/peer.test-kit.ts';
import {
  ACK_NEWLEADER,
  acked,
  assertEnded,
  discover,
  e1,
  e2,
  NEWLEADER_ZXID,
  OLD,
  type Play,
  serve,
} from './learner.test-kit.ts';
import { PENDING_BYTES_MAX, PendingProposals } from './pending-proposals.ts';

const test = suite('quorum: an observer that hears proposals');

const { COMMIT, COMMITANDACTIVATE, DIFF, INFORM, PROPOSAL, NEWLEADER, UPTODATE } = PacketType;
const ASKS = 'observer.proposals.enabled=true\n';

function observer(promisesProposals = true, settings = ASKS): Play {
  const stage = new Stage({ sid: 4, settings }).history(OLD, 1);
  return serve('observer', stage, promisesProposals);
}

function zxids({ stage: { database } }: Play): { logged: number; applied: number } {
  return { logged: database.lastLoggedZxid, applied: database.lastProcessedZxid };
}

test('000-8: a proposal is neither logged nor applied before its COMMIT, and none is ever acked', () => {
  const play = observer();
  for (const n of [1, 2, 3]) play.master.sendTxn(PROPOSAL, createPacket(e2(n)));
  assert.equal(play.master.told(), []);
  assert.equal(zxids(play), { logged: e1(3), applied: e1(3) });
  play.master.send(COMMIT, e2(1));
  assert.equal(play.master.told(), []);
  assert.equal(zxids(play), { logged: e2(1), applied: e2(1) });
  play.master.send(COMMIT, e2(2)).send(COMMIT, e2(3));
  assert.equal(play.master.told(), [], 'it has all of them on disk, and says nothing');
  assert.equal(zxids(play), { logged: e2(3), applied: e2(3) });
});

test('proposals of an epoch that ended are dropped: neither the log nor the tree has them, and DIFF brings what follows', () => {
  const play = observer();
  const { stage } = play;
  play.master.sendTxn(PROPOSAL, createPacket(e2(1))).sendTxn(PROPOSAL, createPacket(e2(2)));
  play.master.send(COMMIT, e2(1));
  stage.settle();
  play.master.destroy();
  assertEnded(play, /connection to the master lost/);
  assert.equal(zxids(play), { logged: e2(1), applied: e2(1) });
  stage.powerCycle();
  assert.is(stage.database.lastLoggedZxid, e2(1), 'nor does a restart find them');
});

test('a COMMIT that is not for the oldest proposal ends the observer, as it does a follower', () => {
  const early = observer();
  early.master.sendTxn(PROPOSAL, createPacket(e2(1))).sendTxn(PROPOSAL, createPacket(e2(2)));
  early.master.send(COMMIT, e2(2));
  assertEnded(early, /COMMIT 0x200000002 where the oldest proposal is 0x200000001/);
  const none = observer();
  none.master.send(COMMIT, e2(1));
  assertEnded(none, /where the oldest proposal is none/);
});

test('ZOOKEEPER-4925: a proposal that does not follow the one before it ends the observer; one that comes twice counts once', () => {
  const play = observer();
  play.master.sendTxn(PROPOSAL, createPacket(e2(1))).sendTxn(PROPOSAL, createPacket(e2(1)));
  play.master.send(COMMIT, e2(1));
  play.stage.settle();
  assert.is(play.stage.ended, null);
  play.master.sendTxn(PROPOSAL, createPacket(e2(3)));
  assertEnded(play, /PROPOSAL 0x200000003 does not follow 0x200000001: transactions are missing/);
});

test('an observer leaves a master that promised proposals and sends INFORM', () => {
  const play = observer();
  play.master.sendTxn(INFORM, createPacket(e2(1)));
  assertEnded(play, /INFORM 0x200000001 from a master that promised proposals/);
});

for (const [what, promises, settings] of [
  ['whose master promises nothing', false, ASKS],
  ['that does not ask', true, ''],
] as const) {
  test(`000-6: an observer ${what} goes by INFORM, and ignores proposals and commits`, () => {
    const play = observer(promises, settings);
    play.master.sendTxn(PROPOSAL, createPacket(e2(1))).send(COMMIT, e2(1));
    play.stage.settle();
    assert.equal(zxids(play), { logged: e1(3), applied: e1(3) });
    play.master.sendTxn(INFORM, createPacket(e2(1)));
    play.stage.settle();
    assert.equal(zxids(play), { logged: e2(1), applied: e2(1) });
    assert.is(play.stage.ended, null);
  });
}

test('an observer that asked in vain for proposals logs so once, with the master and the likely reason', () => {
  const lines: string[] = [];
  const stage = new Stage({ sid: 4, settings: ASKS }).history(OLD, 1);
  const { logger } = stage.context;
  stage.context = {
    ...stage.context,
    logger: { ...logger, warn: (message, fields) => void lines.push(`${message} ${JSON.stringify(fields)}`) },
  };
  serve('observer', stage, false);
  assert.is(lines.length, 1);
  assert.match(lines[0]!, /observer\.proposals\.enabled has no effect: the master sends INFORM.*"zk1".*2888/);
});

test('a reconfiguration takes effect at its COMMITANDACTIVATE, which names the leader, and not at its proposal', () => {
  const { stage, master } = observer();
  const data = Buffer.from('server.1=zk1:2888:3888:participant\nversion=200000001');
  const txn = packetOf(e2(1), { type: OpCode.reconfig, path: '/zookeeper/config', data, version: -1 });
  master.sendTxn(PROPOSAL, txn);
  stage.settle();
  assert.equal([stage.activations, stage.configsProposed], [[], []]);
  master.send(COMMITANDACTIVATE, e2(1), Buffer.from([0, 0, 0, 0, 0, 0, 0, 3]));
  stage.settle();
  assert.equal(stage.activations, [{ text: String(data), leader: 3 }]);
  assert.is(stage.database.lastProcessedZxid, e2(1));
});

test('proposals that wait for their COMMIT are bounded in bytes; above the bound the observer leaves its master', () => {
  const packets = [1, 2].map(n => createPacket(e2(n)));
  const kept = packets.map(({ bytes }) => bytes.length + 256).reduce((sum, size) => sum + size);
  const pending = new PendingProposals(kept - 1);
  pending.add(packets[0]!);
  assert.not(pending.isFull);
  pending.add(packets[1]!);
  assert.ok(pending.isFull);
  assert.is(pending.take(e2(2)), null, 'it is not the oldest');
  assert.is(pending.take(e2(1)), packets[0]);
  assert.not(pending.isFull);
  pending.take(e2(2));
  assert.equal([pending.length, pending.bytes], [0, 0]);
  assert.ok(new PendingProposals().bytes < PENDING_BYTES_MAX);
});

test('ZOOKEEPER-1551: what is proposed or committed between NEWLEADER and UPTODATE is taken at UPTODATE, as far as it is committed', () => {
  const stage = new Stage({ sid: 4, settings: ASKS }).history(OLD, 1);
  const play = acked(discover('observer', { stage, promisesProposals: true }));
  const { master } = play;
  master.send(DIFF, e1(3)).send(NEWLEADER, NEWLEADER_ZXID);
  for (const n of [1, 2]) master.sendTxn(PROPOSAL, createPacket(e2(n)));
  master.send(COMMIT, e2(1)).send(UPTODATE, -1);
  assert.equal(master.told(), [ACK_NEWLEADER, ACK_NEWLEADER]);
  assert.equal(zxids(play), { logged: e2(1), applied: e2(1) });
  master.send(COMMIT, e2(2));
  assert.equal(master.told(), []);
  assert.equal(zxids(play), { logged: e2(2), applied: e2(2) });
});
