import type { Counter, Metrics } from '../../metrics/metrics.ts';
import { JuteWriter } from '../../wire/jute.ts';
import { PacketType, writeQuorumPacket } from '../../wire/quorum-packet.ts';
import { type TxnPacket, txnOf } from '../../wire/txn-packet.ts';
import type { PeerContext } from '../../zab/peer-context.ts';
import { informAll } from './inform-all.ts';
import type { LearnerHandler } from './learner-handler.ts';
import { commitBytes } from './learner-packets.ts';

/** What a leader has sent, whatever the number of its learners. */
export interface BroadcastCounts {
  readonly proposals: Counter;
  readonly commits: Counter;
}

export function broadcastCounts(metrics: Metrics): BroadcastCounts {
  return { proposals: metrics.counter('proposal_count'), commits: metrics.counter('commit_count') };
}

/** The learners of a leader or of an observer master that get live traffic, and what they are told. */
export class LiveLearners {
  readonly #turns: PeerContext['turns'];
  readonly #counts: BroadcastCounts | null;
  readonly #followers = new Set<LearnerHandler>();
  /**
   * Observers that hear proposals and commits. Followers are sent each packet before them, because a quorum
   * waits for followers.
   */
  readonly #hearing = new Set<LearnerHandler>();
  /** Observers that hear results alone. */
  readonly #informed = new Set<LearnerHandler>();

  /** `counts`: null where the leader has counted already. */
  constructor({ turns }: Pick<PeerContext, 'turns'>, counts: BroadcastCounts | null) {
    this.#turns = turns;
    this.#counts = counts;
  }

  add(handler: LearnerHandler): void {
    if (!handler.isObserver) this.#followers.add(handler);
    else if (handler.hearsProposals) this.#hearing.add(handler);
    else this.#informed.add(handler);
  }

  delete(handler: LearnerHandler): void {
    this.#followers.delete(handler);
    this.#hearing.delete(handler);
    this.#informed.delete(handler);
  }

  propose(packet: TxnPacket): void {
    this.#counts?.proposals.add();
    for (const follower of this.#followers) follower.sendProposal(packet);
    for (const observer of this.#hearing) observer.sendProposal(packet);
  }

  inform(packet: TxnPacket): void {
    informAll(this.#informed, packet, this.#turns.applying);
  }

  commit(packets: readonly TxnPacket[]): void {
    this.#counts?.commits.add(packets.length);
    if (this.#followers.size + this.#hearing.size > 0)
      this.#send(PacketType.COMMIT, commitBytes(packets), packets.length);
  }

  /** A reconfiguration is committed: `leader` leads from then on. */
  activate(packet: TxnPacket, leader: number): void {
    this.#counts?.commits.add();
    this.#send(
      PacketType.COMMITANDACTIVATE,
      activationBytes(PacketType.COMMITANDACTIVATE, packet.zxid, leader),
      1,
    );
    const bytes = activationBytes(PacketType.INFORMANDACTIVATE, packet.zxid, leader, txnOf(packet));
    for (const observer of this.#informed) observer.sendActivation(packet.zxid, bytes);
  }

  /** Sends to all learners that know the proposals. */
  #send(type: PacketType, bytes: Buffer, count: number): void {
    for (const follower of this.#followers) follower.sendBatch(type, bytes, count);
    for (const observer of this.#hearing) observer.sendBatch(type, bytes, count);
  }
}

/** long leader, and for an observer the transaction behind it. */
function activationBytes(type: PacketType, zxid: number, leader: number, txn?: Buffer): Buffer {
  const data = new JuteWriter(8).writeLong(leader).toBuffer();
  const writer = new JuteWriter(64);
  const packet = { type, zxid, data: txn === undefined ? data : Buffer.concat([data, txn]), authinfo: null };
  writeQuorumPacket(writer, packet);
  return writer.toBuffer();
}
