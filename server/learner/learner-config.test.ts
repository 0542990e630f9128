/**
 * What a learner's master says about the configuration, packet by packet, and when the learner believes it.
 * @see Membership
 */
import { assert, suite } from '#test';
import { QuorumMaj } from '../membership/quorum-maj.ts';
import { packetOf } from '../storage/storage.test-kit.ts';
import { OpCode } from '../wire/opcodes.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import { TXN_START, type TxnPacket } from '../wire/txn-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import { type Peer, Stage } from '../zab/peer.test-kit.ts';
import { Follower } from './follower.ts';
import { Observer } from './observer.ts';

const test = suite("quorum: a learner and its master's configuration");

const { PROPOSAL, COMMIT, COMMITANDACTIVATE, INFORM, INFORMANDACTIVATE, NEWLEADER, UPTODATE, DIFF } =
  PacketType;
const zxidOf = (counter: number) => makeZxid(1, counter);
const ACK_NEWLEADER = 'ACK 0x100000000';
const CONFIG = 'server.1=zk1:2888:3888:participant\nversion=100000003';

function reconfig(counter: number): TxnPacket {
  const data = Buffer.from(CONFIG);
  return packetOf(zxidOf(counter), { type: OpCode.reconfig, path: '/zookeeper/config', data, version: -1 });
}

/** Commits the reconfiguration as a leader does that names `leader`. */
function activate(role: 'follower' | 'observer', master: Peer, txn: TxnPacket, leader: number): void {
  const named = Buffer.alloc(8);
  named.writeBigInt64BE(BigInt(leader));
  if (role === 'follower') master.sendTxn(PROPOSAL, txn).send(COMMITANDACTIVATE, txn.zxid, named);
  else master.send(INFORMANDACTIVATE, txn.zxid, Buffer.concat([named, txn.bytes.subarray(TXN_START, -4)]));
}

/** A new learner after its handshake: the master is about to say how it will sync. */
function discover(role: 'follower' | 'observer'): { stage: Stage; master: Peer; established: number[] } {
  const stage = new Stage({ sid: role === 'follower' ? 2 : 4 });
  const accept = stage.playMember(1, 2888);
  const established: number[] = [];
  const Role = role === 'follower' ? Follower : Observer;
  const rounds = [[{ sid: 1, addresses: [{ host: 'zk1', port: 2888 }] }]];
  new Role(stage.context, rounds, epoch => void established.push(epoch)).start(reason => {
    stage.ended = reason;
  });
  const master = accept();
  master.sendLeaderInfo(1);
  master.told();
  return { stage, master, established };
}

for (const role of ['follower', 'observer'] as const) {
  test(`${role}: the configuration of NEWLEADER takes effect at UPTODATE: after the ACK, before the learner serves`, () => {
    const { stage, master, established } = discover(role);
    master.send(DIFF, 0).send(NEWLEADER, zxidOf(0), Buffer.from(CONFIG));
    assert.equal(master.told(), [ACK_NEWLEADER], 'it counts for the quorum of the leader');
    assert.equal([stage.configsSeen, stage.configs], [[CONFIG], []]);
    stage.configOutcome = 'stops';
    master.send(UPTODATE, -1);
    assert.equal(master.told(), []);
    assert.equal(stage.configs, [CONFIG]);
    assert.is(stage.serving, null);
    assert.equal(established, [], 'no vote of it names that epoch');
  });

  test(`${role}: of the reconfigurations in a sync only the last state counts; later ones take effect at their commit`, () => {
    const { stage, master } = discover(role);
    master.send(DIFF, zxidOf(1)).sendTxn(PROPOSAL, reconfig(1)).send(COMMIT, zxidOf(1));
    master.send(NEWLEADER, zxidOf(0), Buffer.from(CONFIG));
    master.told();
    assert.equal(stage.configs, [], 'not while it is brought up to date');
    master.send(UPTODATE, -1);
    master.told();
    assert.equal(stage.configs, [CONFIG]);
    if (role === 'follower') {
      master.sendTxn(PROPOSAL, reconfig(2));
      master.told();
      assert.equal(stage.configs, [CONFIG], 'a proposal decides nothing');
      master.send(COMMITANDACTIVATE, zxidOf(2), Buffer.alloc(8));
    } else {
      const txn = reconfig(2).bytes.subarray(TXN_START, -4);
      master.send(INFORMANDACTIVATE, zxidOf(2), Buffer.concat([Buffer.alloc(8), txn]));
    }
    master.told();
    assert.equal(stage.configs, [CONFIG, null]);
    assert.is(
      String(stage.database.tree.getNode('/zookeeper/config')?.data),
      CONFIG,
      'it is in the tree by then',
    );
    if (role === 'follower') master.sendTxn(PROPOSAL, reconfig(3)).send(COMMIT, zxidOf(3));
    else master.sendTxn(INFORM, reconfig(3));
    master.told();
    assert.equal(
      stage.configs,
      [CONFIG, null, null],
      'whatever packet the commit comes in: a master of ours sends INFORM',
    );
  });

  test(`${role}: COMMITANDACTIVATE or INFORMANDACTIVATE names the leader from then on; it leaves when all is applied`, () => {
    const { stage, master } = discover(role);
    master.send(DIFF, 0).send(NEWLEADER, zxidOf(0)).send(UPTODATE, -1);
    master.told();
    stage.configOutcome = 'leaves';
    activate(role, master, reconfig(1), 3);
    master.told();
    assert.equal(stage.activations, [{ text: CONFIG, leader: 3 }]);
    assert.is(String(stage.database.tree.getNode('/zookeeper/config')?.data), CONFIG);
    assert.match(stage.ended ?? '', /changes its role or its leader/);
  });

  test(`${role}: a reconfiguration that is committed before UPTODATE, as Apache's leaders send it, takes effect at once`, () => {
    for (const phase of ['sync', 'upToDate']) {
      const { stage, master } = discover(role);
      master.send(DIFF, 0);
      if (phase === 'upToDate') master.send(NEWLEADER, zxidOf(0));
      stage.configOutcome = 'leaves';
      activate(role, master, reconfig(1), 3);
      master.told();
      assert.equal(stage.configsProposed, [CONFIG], phase);
      assert.equal(stage.activations, [{ text: CONFIG, leader: 3 }], phase);
      assert.match(stage.ended ?? '', /changes its role or its leader/, phase);
      assert.is(stage.serving, null);
    }
  });

  test(`${role}: a NEWLEADER without a configuration, as Apache sends it before 3.5, changes none`, () => {
    for (const data of [null, Buffer.alloc(0), Buffer.alloc(1)]) {
      const { stage, master } = discover(role);
      master.send(DIFF, 0).send(NEWLEADER, zxidOf(0), data).send(UPTODATE, -1);
      master.told();
      assert.equal(stage.configs, [null]);
      assert.ok(stage.serving !== null);
    }
  });
}

test('a follower counts a configuration from its proposal on, before it acks that', () => {
  const { stage, master } = discover('follower');
  master.send(DIFF, 0).send(NEWLEADER, zxidOf(0)).send(UPTODATE, -1);
  master.told();
  const told: string[] = [];
  stage.context = Object.assign(stage.context, {
    onConfigProposed: (text: string) => void told.push(`${text.length} at ${stage.database.lastLoggedZxid}`),
  });
  master.sendTxn(PROPOSAL, reconfig(1));
  assert.equal(master.told(), ['ACK 0x100000001']);
  assert.equal(told, [`${CONFIG.length} at 0`]);
  assert.equal(stage.activations, []);
});

test('with reconfigEnabled, a learner tells its leader the version of the configuration in force', () => {
  const stage = new Stage({ sid: 2, settings: 'reconfigEnabled=true\n' });
  const accept = stage.playMember(1, 2888);
  const { committed } = stage.context.membership;
  const verifier = new QuorumMaj({ version: 0x1_0000_0003, text: CONFIG, voters: [1, 2], observers: [] });
  stage.context.membership.commit({ ...committed, verifier });
  new Follower(stage.context, [[{ sid: 1, addresses: [{ host: 'zk1', port: 2888 }] }]], () => {}).start(
    () => {},
  );
  const master = accept();
  master.told();
  assert.is(master.data.get('FOLLOWERINFO 0x0')?.readBigInt64BE(12), 0x1_0000_0003n);
});

test('a learner tells its leader the configuration version of its file: an Apache leader refuses a newer one than its own', () => {
  const stage = new Stage({ sid: 2 });
  const accept = stage.playMember(1, 2888);
  const { committed } = stage.context.membership;
  const verifier = new QuorumMaj({ version: 0x1_0000_0003, text: CONFIG, voters: [1, 2], observers: [] });
  stage.context.membership.commit({ ...committed, verifier });
  const rounds = [[{ sid: 1, addresses: [{ host: 'zk1', port: 2888 }] }]];
  new Follower(stage.context, rounds, () => {}).start(() => {});
  const master = accept();
  assert.equal(master.told(), ['FOLLOWERINFO 0x0']);
  assert.is(master.data.get('FOLLOWERINFO 0x0')?.readBigInt64BE(12), 0n);
});
