/** Mistakes in ensembles whose observers hear proposals (ZOOKEEPER-368, option 2). */
import { Observer } from '../../../server/learner/observer.ts';
import { Leader } from '../../../server/master/leader/leader.ts';
import { LearnerHandler } from '../../../server/master/learners/learner-handler.ts';
import { QuorumMaj } from '../../../server/membership/quorum-maj.ts';
import { PacketType } from '../../../server/wire/quorum-packet.ts';
import { PacketReader, type PacketView } from '../../../server/zab/packet-stream.ts';
import { all, put } from './put.ts';

/** What an observer does not show to others. */
interface Broadcasting {
  onBroadcast(packet: PacketView): void;
}

const observer = Observer.prototype as unknown as Broadcasting;

/** A COMMIT of `zxid`, as it comes from the master. */
function commitOf(zxid: number): PacketView {
  let view: PacketView | undefined;
  const bytes = Buffer.alloc(20);
  bytes.writeInt32BE(PacketType.COMMIT, 0);
  bytes.writeBigInt64BE(BigInt(zxid), 4);
  bytes.writeInt32BE(-1, 12);
  bytes.writeInt32BE(-1, 16);
  new PacketReader(bytes.length, packet => {
    view = packet;
  }).feed(bytes);
  return view!;
}

export const OBSERVER_PROPOSAL_PLANTS = {
  /** A proposal is applied, and logged, when it comes (rows 000-5, 000-9). */
  'an observer applies a proposal before its COMMIT': () => {
    const { onBroadcast } = observer;
    return put(observer, 'onBroadcast', (self, packet) => {
      if (packet.type === PacketType.COMMIT) return;
      const { type, zxid } = packet;
      onBroadcast.call(self, packet);
      if (type === PacketType.PROPOSAL) onBroadcast.call(self, commitOf(zxid));
    });
  },

  /** What an observer has been proposed counts as if a voter had acked it (row 000-4). */
  'an observer counts as a voter': () => {
    const leaders = new WeakMap<LearnerHandler, Leader>();
    const { startForwarding } = Leader.prototype;
    const { sendProposal } = LearnerHandler.prototype;
    return all(
      put(Leader.prototype, 'startForwarding', (leader, handler, zxid) => {
        leaders.set(handler, leader);
        startForwarding.call(leader, handler, zxid);
      }),
      put(LearnerHandler.prototype, 'sendProposal', (handler, packet) => {
        sendProposal.call(handler, packet);
        if (handler.isObserver) leaders.get(handler)?.server?.ack(handler.sid, packet.zxid);
      }),
      put(QuorumMaj.prototype, 'containsQuorum', ({ voters }, sids) => sids.size * 2 > voters.size),
    );
  },
} as const;
