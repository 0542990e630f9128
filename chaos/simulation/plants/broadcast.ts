/** Mistakes in the order of proposals, acknowledgements and commits. */
import { Follower } from '../../../server/learner/follower.ts';
import { LeaderZooKeeperServer } from '../../../server/master/leader/leader-zookeeper-server.ts';
import { LiveLearners } from '../../../server/master/learners/live-learners.ts';
import { PacketType } from '../../../server/wire/quorum-packet.ts';
import { type LearnerOutput, LearnerSide } from '../../../server/zab/learner-side.ts';
import type { PacketView } from '../../../server/zab/packet-stream.ts';
import { all, put } from './put.ts';

/** What a follower does not show to others. */
interface Broadcasting {
  onBroadcast(packet: PacketView): void;
  readonly master: Follower['master'];
}

const follower = Follower.prototype as unknown as Broadcasting;

/** Changes what a learner carries out, in each step of its synchronisation. */
function putOutputs(change: (outputs: readonly LearnerOutput[]) => readonly LearnerOutput[]): () => void {
  const { step } = LearnerSide.prototype;
  return put(LearnerSide.prototype, 'step', (side, event) => change(step.call(side, event)));
}

export const BROADCAST_PLANTS = {
  /** A follower acknowledges a proposal when it comes (ZOOKEEPER-4646, 4685). */
  'a proposal is acked before it is durable': () => {
    const { onBroadcast } = follower;
    return put(follower, 'onBroadcast', (self, packet) => {
      onBroadcast.call(self, packet);
      if (packet.type !== PacketType.PROPOSAL) return;
      self.master.send({ type: PacketType.ACK, zxid: packet.zxid, data: null, authinfo: null });
    });
  },

  /** The leader takes the ack of a follower for one of its own disk as well. */
  'the leader counts what is not on its own disk': () => {
    const { ack } = LeaderZooKeeperServer.prototype;
    return put(LeaderZooKeeperServer.prototype, 'ack', (server, sid, zxid) => {
      ack.call(server, sid, zxid);
      ack.call(server, server.parts.config.quorum?.sid ?? sid, zxid);
    });
  },

  /** NEWLEADER is acknowledged before what the sync brought is durable (ZOOKEEPER-3911, 4646). */
  'NEWLEADER is acked before the sync is durable': () =>
    putOutputs(outputs => outputs.filter(({ type }) => type !== 'flush')),

  /** currentEpoch says that a history is complete whose end may be lost (ZOOKEEPER-4643). */
  'currentEpoch moves before the sync is durable': () =>
    putOutputs(outputs => {
      const moves = outputs.filter(({ type }) => type === 'setCurrentEpoch');
      return moves.length === 0 ? outputs : [...moves, ...outputs.filter(output => !moves.includes(output))];
    }),

  /** Observers are told of a transaction when it is proposed (rows 000-5, 000-9). */
  'observers are told before a quorum has acked': () => {
    const { propose, inform } = LiveLearners.prototype;
    /** Of leaders. Observer masters inform when they have applied it. */
    const proposing = new WeakSet<LiveLearners>();
    return all(
      put(LiveLearners.prototype, 'inform', (learners, packet) => {
        if (!proposing.has(learners)) inform.call(learners, packet);
      }),
      put(LiveLearners.prototype, 'propose', (learners, packet) => {
        proposing.add(learners);
        propose.call(learners, packet);
        inform.call(learners, packet);
      }),
    );
  },
} as const;
