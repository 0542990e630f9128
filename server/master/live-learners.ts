import type { Counter } from '../metrics/metrics.ts';
import { JuteWriter } from '../wire/jute.ts';
import { PacketType, writeQuorumPacket } from '../wire/quorum-packet.ts';
import { type TxnPacket, txnOf } from '../wire/txn-packet.ts';
import type { PeerContext } from '../zab/peer-context.ts';
import { informAll } from './inform-all.ts';
import type { LearnerHandler } from './learner-handler.ts';
import { commitBytes } from './learner-packets.ts';

/** The learners of a leader that get live traffic, and what they are told. */
export class LiveLearners {
  readonly #turns: PeerContext['turns'];
  readonly #proposalsSent: Counter;
  readonly #commitsSent: Counter;
  readonly #followers = new Set<LearnerHandler>();
  readonly #observers = new Set<LearnerHandler>();

  constructor({ turns, metrics }: Pick<PeerContext, 'turns' | 'metrics'>) {
    this.#turns = turns;
    this.#proposalsSent = metrics.counter('proposal_count');
    this.#commitsSent = metrics.counter('commit_count');
  }

  add(handler: LearnerHandler): void {
    (handler.isObserver ? this.#observers : this.#followers).add(handler);
  }

  delete(handler: LearnerHandler): void {
    this.#followers.delete(handler);
    this.#observers.delete(handler);
  }

  propose(packet: TxnPacket): void {
    this.#proposalsSent.add();
    for (const follower of this.#followers) follower.sendProposal(packet);
  }

  inform(packet: TxnPacket): void {
    informAll(this.#observers, packet, this.#turns.applying);
  }

  commit(packets: readonly TxnPacket[]): void {
    const bytes = commitBytes(packets);
    for (const follower of this.#followers) follower.sendBatch(PacketType.COMMIT, bytes, packets.length);
    this.#commitsSent.add(packets.length);
  }

  /** A reconfiguration is committed: `leader` leads from then on. */
  activate(packet: TxnPacket, leader: number): void {
    const activation = activationBytes(PacketType.COMMITANDACTIVATE, packet.zxid, leader);
    for (const follower of this.#followers) follower.sendBatch(PacketType.COMMITANDACTIVATE, activation, 1);
    this.#commitsSent.add(1);
    informOfActivation(this.#observers, packet, leader);
  }
}

/** INFORMANDACTIVATE to every observer. */
export function informOfActivation(
  observers: Iterable<LearnerHandler>,
  packet: TxnPacket,
  leader: number,
): void {
  const bytes = activationBytes(PacketType.INFORMANDACTIVATE, packet.zxid, leader, txnOf(packet));
  for (const observer of observers) observer.sendActivation(packet.zxid, bytes);
}

/** long leader, and for an observer the transaction behind it. */
function activationBytes(type: PacketType, zxid: number, leader: number, txn?: Buffer): Buffer {
  const data = new JuteWriter(8).writeLong(leader).toBuffer();
  const writer = new JuteWriter(64);
  const packet = { type, zxid, data: txn === undefined ? data : Buffer.concat([data, txn]), authinfo: null };
  writeQuorumPacket(writer, packet);
  return writer.toBuffer();
}
