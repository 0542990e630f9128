import { assert, suite } from '#test';
import { createPacket } from '../storage/storage.test-kit.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import { ACK_NEWLEADER, acked, discover, e1, e2, NEWLEADER_ZXID } from './learner.test-kit.ts';

const test = suite('quorum: the order of what a learner takes');

const { PROPOSAL, COMMIT, INFORM, NEWLEADER, UPTODATE, DIFF } = PacketType;
const DURABLE = 'the log is durable';
const CURRENT_EPOCH = 'currentEpoch is written';

test('ZOOKEEPER-3023: transactions are durable, then currentEpoch, then NEWLEADER is acked; proposals follow after UPTODATE in the same way', () => {
  const { stage, master } = acked(discover('follower'));
  const { disk } = stage.machine;
  const steps: string[] = [];
  disk.syncDelayMs = 50;
  disk.failSync = path => {
    if (/\/log\.\w+$/.test(path)) steps.push(DURABLE);
    return undefined;
  };
  disk.beforeOperation = (operation, path) => {
    if (operation === 'rename' && path.endsWith('/currentEpoch.next')) steps.push(CURRENT_EPOCH);
  };
  master.onPacket = ({ name }) => void steps.push(name);
  const pending = createPacket(e2(2));

  master.send(DIFF, e2(1));
  for (const packet of [createPacket(e1(4)), createPacket(e2(1))])
    master.sendTxn(PROPOSAL, packet).send(COMMIT, packet.zxid);
  master.sendTxn(PROPOSAL, pending).send(NEWLEADER, NEWLEADER_ZXID);
  stage.wait(() => steps.includes(ACK_NEWLEADER), 'the ACK of NEWLEADER');
  stage.settle();
  assert.equal(steps.splice(0), [DURABLE, CURRENT_EPOCH, ACK_NEWLEADER]);

  master.send(UPTODATE, -1).send(COMMIT, pending.zxid);
  stage.wait(() => steps.includes('ACK 0x200000002'), 'the ACK of the proposal');
  assert.equal(steps, [ACK_NEWLEADER, DURABLE, 'ACK 0x200000002']);
});

for (const role of ['follower', 'observer'] as const) {
  test(`an epoch boundary is no gap, ${role}: the first transaction of a later epoch follows any before it, in a DIFF and live`, () => {
    const { stage, master } = acked(discover(role, { newEpoch: 4 }));
    const first = createPacket(e2(1));
    master.send(DIFF, first.zxid).sendTxn(PROPOSAL, first).send(COMMIT, first.zxid);
    master.send(NEWLEADER, makeZxid(4, 0)).send(UPTODATE, -1);
    const live = createPacket(makeZxid(4, 1));
    if (role === 'follower') master.sendTxn(PROPOSAL, live).send(COMMIT, live.zxid);
    else master.sendTxn(INFORM, live);
    stage.settle();
    assert.is(stage.ended, null);
    assert.is(stage.database.lastProcessedZxid, live.zxid);
  });
}
