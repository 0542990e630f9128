/** Forms and sizes of the packets that a master may send to a learner, and a learner to its master. */
import { assert, suite } from '#test';
import { createPacket, packetOf } from '../storage/storage.test-kit.ts';
import { OpCode } from '../wire/opcodes.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import { TXN_START, type TxnPacket, txnPacket } from '../wire/txn-packet.ts';
import { Stage } from '../zab/peer.test-kit.ts';
import { e1, e2, OLD, serve } from './learner.test-kit.ts';
import type { LearnerZooKeeperServer } from './learner-zookeeper-server.ts';

const test = suite('quorum: forms and sizes of packets at a learner');

const { PROPOSAL, COMMIT, INFORM, PING } = PacketType;

test('A2: a learner reports touched sessions in pings that a master with the same jute.maxbuffer can read', () => {
  const stage = new Stage({ sid: 2, settings: 'jute.maxbuffer=1000\n' }).history(OLD, 1);
  const { master } = serve('follower', stage);
  const server = stage.serving as LearnerZooKeeperServer;
  for (let low = 0; low < 1000; low++) server.touchSession(1, low, 0x1_0000_0000n + BigInt(low), 4000);
  master.send(PING, e1(3));
  stage.settle();
  const sizes = master.pings.map(({ length }) => length);
  assert.equal(sizes, [2016, 2016, 2016, 2016, 2016, 1920]);
  const ids = new Set(Buffer.concat(master.pings).toString('hex').match(/.{24}/g));
  assert.is(ids.size, 1000);
});

for (const role of ['follower', 'observer'] as const) {
  test(`field report A1, ${role}: a closeSession without a list of paths is applied, with a digest and without`, () => {
    const play = serve(role);
    const { stage, master } = play;
    const { database } = stage;
    const owner = 7n;
    const close = (zxid: number, digest: Buffer) => {
      const { bytes } = packetOf(zxid, { type: OpCode.closeSession, paths: null, withoutBody: true }, owner);
      return txnPacket(zxid, Buffer.concat([bytes.subarray(TXN_START, -4), digest]));
    };
    let at = 0;
    const tell = (packet: TxnPacket) => {
      if (role === 'observer') master.sendTxn(INFORM, packet);
      else master.sendTxn(PROPOSAL, packet).send(COMMIT, packet.zxid);
      stage.settle();
      assert.is(database.lastProcessedZxid, packet.zxid, stage.ended ?? 'applied');
    };
    for (const digest of [
      '',
      '00000002000000016e3fbee0',
      '00000002ffffffff00000004',
      '000000020000000000000000',
    ]) {
      tell(createPacket(e2(++at), 'x', owner));
      assert.is(database.tree.ephemeralsOf(owner)?.size, 1);
      tell(close(e2(++at), Buffer.from(digest, 'hex')));
      assert.is(database.tree.ephemeralsOf(owner), undefined);
    }
    stage.powerCycle();
    assert.is(stage.database.lastProcessedZxid, e2(at));
    assert.is(stage.database.tree.nodeCount, database.tree.nodeCount);
  });
}
