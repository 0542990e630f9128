import { assert, suite } from '#test';
import { createPacket } from '../storage/storage.test-kit.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import type { Peer } from '../zab/peer.test-kit.ts';
import {
  ACK_NEWLEADER,
  acked,
  discover,
  e1,
  e2,
  NEWLEADER_ZXID,
  OLD,
  SIGNATURE,
  serve,
  snapshotOf,
  THEIRS,
  treeOf,
} from './learner.test-kit.ts';

const test = suite('quorum: the order of what a learner takes');

const { PROPOSAL, COMMIT, INFORM, NEWLEADER, UPTODATE, DIFF, PING, SNAP } = PacketType;
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

test('000-5: an observer applies each INFORM once, in order, and nothing that it was not informed of', () => {
  const { stage, master } = serve('observer');
  const { database } = stage;
  const seen = () => [1, 2, 3].filter(n => database.tree.getNode(`/n${e2(n).toString(16)}`) !== undefined);
  master.sendTxn(PROPOSAL, createPacket(e2(1))).send(COMMIT, e2(1));
  stage.settle();
  assert.equal(seen(), [], 'a proposal is no decision, and a COMMIT has no payload');
  const informs = [1, 2, 3].map(n => createPacket(e2(n)));
  for (const n of [1, 2, 2, 1, 3]) master.sendTxn(INFORM, informs[n - 1]!);
  stage.settle();
  assert.equal(seen(), [1, 2, 3]);
  assert.is(database.tree.digest.toBigInt(), treeOf([...OLD, ...informs]).digest.toBigInt());
  master.sendTxn(INFORM, createPacket(e2(5)));
  stage.settle();
  assert.match(stage.ended ?? '', /does not follow/);
  assert.is(database.lastLoggedZxid, e2(3));
});

for (const role of ['follower', 'observer'] as const) {
  test(`a PING before NEWLEADER is not answered, ${role}: the ACK of NEWLEADER is the first that a leader of 3.4 accepts`, () => {
    const snapshot = Buffer.concat([snapshotOf([...THEIRS, createPacket(e2(1))]), SIGNATURE]);
    const syncs: readonly ((master: Peer) => void)[] = [
      master => master.send(DIFF, e1(3)),
      master => master.send(SNAP, e2(1)).write(snapshot),
    ];
    for (const sync of syncs) {
      const { master } = acked(discover(role));
      sync(master);
      master.send(PING, e2(0));
      assert.equal(master.told(), []);
      assert.is(master.pings.length, 0);
      master.send(NEWLEADER, NEWLEADER_ZXID).send(PING, e2(0));
      assert.equal(master.told(), [ACK_NEWLEADER]);
      assert.is(master.pings.length, 1);
    }
  });

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
