/** A learner whose master the test plays, with the handshake up to where tests begin. */
import { assert } from '#test';
import { parseTxnPacket } from '../storage/parse-txn.ts';
import { SnapshotSerializer } from '../storage/snapshots/snapshot-stream.ts';
import { createPacket } from '../storage/storage.test-kit.ts';
import { DataTree } from '../tree/data-tree.ts';
import { JuteWriter } from '../wire/jute.ts';
import { PacketType, SNAPSHOT_SIGNATURE } from '../wire/quorum-packet.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import { type Peer, Stage } from '../zab/peer.test-kit.ts';
import { Follower } from './follower.ts';
import { Observer } from './observer.ts';

const { NEWLEADER, UPTODATE, DIFF } = PacketType;
export const EPOCH = 2;
/** e1(n) is the n-th transaction of epoch 1. The learner has them up to 3. */
export const e1 = (counter: number) => makeZxid(1, counter);
export const e2 = (counter: number) => makeZxid(EPOCH, counter);
export const OLD = [1, 2, 3].map(n => createPacket(e1(n)));
export const NEWLEADER_ZXID = e2(0);
export const ACK_NEWLEADER = 'ACK 0x200000000';

export interface Play {
  readonly stage: Stage;
  readonly learner: Follower | Observer;
  readonly master: Peer;
  /** Epochs that were established: votes of this server name them from then on. */
  readonly established: readonly number[];
}

/**
 * Runs the handshake up to where the master is about to say how it will sync. `introduced`: before
 * LEADERINFO.
 */
export function discover(
  role: 'follower' | 'observer',
  options: {
    stage?: Stage;
    newEpoch?: number;
    promisesProposals?: boolean;
    introduced?: (master: Peer) => void;
  } = {},
): Play {
  const stage = options.stage ?? new Stage({ sid: role === 'follower' ? 2 : 4 }).history(OLD, 1);
  const accept = stage.playMember(1, 2888);
  const Role = role === 'follower' ? Follower : Observer;
  const established: number[] = [];
  const learner = new Role(
    stage.context,
    [[{ sid: 1, addresses: [{ host: 'zk1', port: 2888 }] }]],
    epoch => void established.push(epoch),
  );
  stage.ended = null;
  learner.start(reason => {
    stage.ended = reason;
  });
  const master = accept();
  const info = role === 'follower' ? 'FOLLOWERINFO' : 'OBSERVERINFO';
  assert.equal(master.told(), [`${info} 0x${makeZxid(stage.epochs.acceptedEpoch, 0).toString(16)}`]);
  options.introduced?.(master);
  master.sendLeaderInfo(options.newEpoch ?? EPOCH, options.promisesProposals);
  return { stage, learner, master, established };
}

export function acked(play: Play, lastZxid = e1(3)): Play {
  assert.equal(play.master.told(), [`ACKEPOCH 0x${lastZxid.toString(16)}`]);
  return play;
}

/** A learner that serves, after an empty DIFF. */
export function serve(role: 'follower' | 'observer', stage?: Stage, promisesProposals = false): Play {
  const play = acked(discover(role, { promisesProposals, ...(stage === undefined ? {} : { stage }) }));
  play.master.send(DIFF, e1(3)).send(NEWLEADER, NEWLEADER_ZXID);
  assert.equal(play.master.told(), [ACK_NEWLEADER]);
  assert.is(play.stage.serving, null);
  assert.equal(play.established, []);
  play.master.send(UPTODATE, -1);
  assert.equal(play.master.told(), [ACK_NEWLEADER]);
  assert.ok(play.stage.serving !== null);
  assert.equal(play.established, [EPOCH]);
  return play;
}

export function currentEpochOnDisk(stage: Stage): string {
  return stage.machine.disk.read('/d/version-2/currentEpoch').toString();
}

export function assertEnded({ stage, master }: Play, reason: RegExp): void {
  stage.wait(() => stage.ended !== null && master.closed !== null, 'the learner to leave');
  assert.match(stage.ended!, reason);
  assert.is(stage.serving, null);
  assert.is(stage.fatal, null);
}

/** The tree that these transactions leave. */
export function treeOf(packets: readonly TxnPacket[]): DataTree {
  const tree = new DataTree();
  for (const packet of packets) {
    const { header, body } = parseTxnPacket(packet);
    tree.processTxn(header, body);
  }
  return tree;
}

/** A snapshot as it comes over the wire, of the tree that these transactions leave. */
export function snapshotOf(packets: readonly TxnPacket[]): Buffer {
  const writer = new JuteWriter();
  const serializer = new SnapshotSerializer(treeOf(packets), new Map([[5n, 4000]]));
  while (serializer.next(writer, 64 * 1024));
  return writer.toBuffer();
}

export const THEIRS = [1, 2, 3, 4, 5, 6].map(n => createPacket(e1(n), 'theirs'));
export const SIGNATURE = new JuteWriter().writeString(SNAPSHOT_SIGNATURE).toBuffer();
