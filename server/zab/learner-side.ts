import { Fifo } from '../collections/fifo.ts';
import type { SyncMode } from '../metrics/server-events.ts';
import { JuteWriter } from '../wire/jute.ts';
import {
  OBSERVER_PROPOSALS,
  PacketType,
  PROTOCOL_VERSION,
  type QuorumPacket,
} from '../wire/quorum-packet.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { EPOCH_MAX, epochOf, follows, isEpoch, makeZxid, zxidToHex } from '../wire/zxid.ts';
import { configTextOf, designatedLeaderIn, ownPacket } from './own-packet.ts';
import type { PacketView } from './packet-stream.ts';

/** What a learner has and has promised when it comes to its master. None of it changes before the sync. */
export interface LearnerState {
  readonly sid: number;
  readonly role: 'follower' | 'observer';
  /** True for an observer that asks to hear proposals and commits. */
  readonly asksForProposals: boolean;
  /** A configuration that it has seen gives it a vote, whatever its role is by now. */
  readonly votes: boolean;
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
  /** Negative when this server lost its data: its tree must not be taken for an empty one. */
  readonly lastProcessedZxid: number;
  readonly lastLoggedZxid: number;
  /** An earlier TRUNC could not be done, so only a SNAP helps. */
  readonly snapshotNeeded: boolean;
  /** A leader turns away a learner with a newer version than its own. */
  readonly configVersion: number;
}

export type LearnerEvent =
  | { readonly type: 'connected'; readonly state: LearnerState }
  /** A packet, up to UPTODATE. What comes after it is broadcast, which does not pass through here. */
  | { readonly type: 'packet'; readonly packet: PacketView }
  /** Comes in place of a completed `truncate`: the files do not have that state, and are unchanged. */
  | { readonly type: 'truncImpossible'; readonly zxid: number };

export type LearnerOutput =
  | { readonly type: 'send'; readonly packet: QuorumPacket }
  /** Each of the three is durable when it is done. @see EpochFiles */
  | { readonly type: 'setAcceptedEpoch'; readonly epoch: number }
  | { readonly type: 'announceCurrentEpoch'; readonly epoch: number }
  | { readonly type: 'setCurrentEpoch'; readonly epoch: number }
  /**
   * The master has said how it syncs, and nothing is lost yet of what a TRUNC leaves. `zxid`: that of its
   * packet.
   */
  | { readonly type: 'beginSync'; readonly mode: SyncMode; readonly zxid: number }
  /** Cuts log and tree back to `zxid`, or leads to `truncImpossible`. */
  | { readonly type: 'truncate'; readonly zxid: number }
  /** Done when the stream after SNAP is whole. Nothing of this server has changed by then. */
  | { readonly type: 'receiveSnapshot'; readonly zxid: number }
  /** Done when what was received is durable, and has replaced log and tree. */
  | { readonly type: 'restoreSnapshot' }
  /** Whether the next master must be asked for a SNAP. */
  | { readonly type: 'needSnapshot'; readonly isNeeded: boolean }
  | { readonly type: 'log'; readonly txn: TxnPacket }
  | { readonly type: 'apply'; readonly txn: TxnPacket }
  /** Done when everything logged is durable. */
  | { readonly type: 'flush' }
  /** A reconfiguration was proposed: its configuration counts from here on. It is logged later. */
  | { readonly type: 'proposeConfig'; readonly text: string }
  /** A reconfiguration is committed. `leader`: who leads by it; null where the packet does not say. */
  | { readonly type: 'activateConfig'; readonly text: string; readonly leader: number | null }
  /** The configuration in NEWLEADER becomes the last seen: elections from then on count by it too. */
  | { readonly type: 'keepConfig'; readonly text: string | null }
  /**
   * The configuration in NEWLEADER takes effect. A server that has another role or another leader by it, or
   * that cannot follow it, ends here.
   */
  | { readonly type: 'adoptConfig'; readonly text: string | null }
  /**
   * Votes name the new epoch from here on. `committed` are logged, acked and applied, `pending` logged and
   * acked.
   */
  | {
      readonly type: 'serve';
      readonly committed: readonly TxnPacket[];
      readonly pending: readonly TxnPacket[];
    }
  /** Always the last output. `isEpochRefused`: this server must not follow the leader's epoch. */
  | { readonly type: 'leave'; readonly reason: string; readonly isEpochRefused: boolean };

type Phase = 'leaderInfo' | 'syncMode' | 'sync' | 'upToDate' | 'broadcast';

/**
 * The learner's side of Zab 1.0 as a state machine: discovery, then synchronisation, up to the point where it
 * serves. Events in, outputs out; no socket, no disk, no clock.
 *
 * Outputs are carried out in their order, each after the one before it is done, and no packet comes in until
 * the last is done. That order is the protocol (docs/quorum.md "Synchronisation"; ZOOKEEPER-4643,
 * ZOOKEEPER-4685, ZOOKEEPER-3642):
 *
 * - acceptedEpoch is on disk before ACKEPOCH leaves;
 * - a snapshot is whole and durable before anything is logged on top of it;
 * - synced transactions are durable before currentEpoch moves;
 * - currentEpoch moves before the ACK of NEWLEADER leaves;
 * - that ACK leaves before any other.
 *
 * @see docs/quorum.md "Message ladder"
 */
export class LearnerSide {
  #phase: Phase = 'leaderInfo';
  #state: LearnerState | null = null;
  #epoch = -1;
  #hearsProposals = false;
  /** The configuration in NEWLEADER: last seen from NEWLEADER on, in force from UPTODATE on. */
  #leaderConfig: string | null = null;
  /** Proposals that no COMMIT has named yet, oldest first. */
  readonly #proposed = new Fifo<TxnPacket>();
  /**
   * Transactions committed between NEWLEADER and UPTODATE, at which they are logged and applied.
   * ZOOKEEPER-4394
   */
  readonly #committedLate = new Fifo<TxnPacket>();
  /** The last zxid proposed to this learner; the next must follow it. */
  #lastQueued = 0;
  #lastCommitted = 0;
  #txnBytes = 0;

  /** The leader's epoch; -1 before LEADERINFO. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The learner has answered the leader's epoch, and synchronisation follows. */
  get hasDiscovered(): boolean {
    return this.#phase !== 'leaderInfo';
  }

  /** NEWLEADER has come, and UPTODATE has not. */
  get awaitsUpToDate(): boolean {
    return this.#phase === 'upToDate';
  }

  /**
   * Live traffic comes as PROPOSAL and COMMIT: always to a follower, and to an observer that was promised it.
   */
  get hearsProposals(): boolean {
    return this.#hearsProposals;
  }

  /** Bytes of the transactions that the sync brought. */
  get txnBytes(): number {
    return this.#txnBytes;
  }

  /** @throws JuteError for a PROPOSAL or INFORM that has no transaction in it */
  step(event: LearnerEvent): readonly LearnerOutput[] {
    switch (event.type) {
      case 'connected':
        return this.#onConnected(event.state);
      case 'packet':
        return this.#onPacket(event.packet);
      case 'truncImpossible':
        return [
          { type: 'needSnapshot', isNeeded: true },
          leave(`the files here cannot give the state at ${zxidToHex(event.zxid)} that TRUNC asks for`),
        ];
    }
  }

  #onConnected(state: LearnerState): readonly LearnerOutput[] {
    this.#phase = 'leaderInfo';
    this.#state = state;
    const info = new JuteWriter(24);
    info.writeLong(state.sid).writeInt(PROTOCOL_VERSION).writeLong(state.configVersion);
    if (state.asksForProposals) info.writeInt(OBSERVER_PROPOSALS);
    const type = state.role === 'follower' ? PacketType.FOLLOWERINFO : PacketType.OBSERVERINFO;
    return [send(type, makeZxid(state.acceptedEpoch, 0), info.toBuffer())];
  }

  #onPacket(packet: PacketView): readonly LearnerOutput[] {
    switch (this.#phase) {
      case 'leaderInfo':
        return this.#onLeaderInfo(packet);
      case 'syncMode':
        return this.#onSyncMode(packet);
      case 'sync':
      case 'upToDate':
        return this.#onHistory(packet);
      case 'broadcast':
        return [leave(`${packet} behind UPTODATE is no part of the sync`)];
    }
  }

  #onLeaderInfo(packet: PacketView): readonly LearnerOutput[] {
    if (packet.type !== PacketType.LEADERINFO) return [leave(`${packet} where LEADERINFO was expected`)];
    const state = this.#state!;
    const epoch = epochOf(packet.zxid);
    this.#epoch = epoch;
    this.#hearsProposals = state.role === 'follower' || (state.asksForProposals && promisesProposals(packet));
    const refusal = this.#refusalOf(epoch, state);
    if (refusal !== null) return [{ type: 'leave', reason: refusal, isEpochRefused: true }];
    this.#phase = 'syncMode';
    const isWiped = state.lastProcessedZxid < 0;
    // This server's files cannot be cut back to the master's history. For a zxid before all logs, the master
    // can send only a snapshot; for 0, an empty tree, it might send its whole log on top of ours.
    const zxid = isWiped || state.snapshotNeeded ? BEFORE_ALL_LOGS : state.lastLoggedZxid;
    const answer = Buffer.alloc(4);
    if (epoch > state.acceptedEpoch) {
      // A member that lost its data is no witness that nothing was committed. ZOOKEEPER-261
      answer.writeInt32BE(isWiped ? NOT_COUNTED : state.currentEpoch);
      return [{ type: 'setAcceptedEpoch', epoch }, send(PacketType.ACKEPOCH, zxid, answer)];
    }
    // This epoch, or a later one by an observer, was accepted before: the answer says that it does not count.
    // Row 002-11.
    answer.writeInt32BE(NOT_COUNTED);
    return [send(PacketType.ACKEPOCH, zxid, answer)];
  }

  #refusalOf(epoch: number, state: LearnerState): string | null {
    if (!isEpoch(epoch))
      return `leader's epoch ${epoch} is not one of 0 to ${EPOCH_MAX}, all that this server can count: see server/docs/epochs.md`;
    // The leader of an epoch that a follower accepted may still rely on the history that was acked to it.
    // Nobody relies on what an observer accepted, so an abandoned epoch must not keep the observer out;
    // upstream's observer stays away until the next election. But an observer must not show its clients an
    // older state than before.
    const [promise, promised] =
      state.role === 'follower' || state.votes
        ? ['accepted', state.acceptedEpoch]
        : ['current', state.currentEpoch];
    return epoch < promised ? `leader's epoch ${epoch} is older than the ${promise} epoch ${promised}` : null;
  }

  #onSyncMode(packet: PacketView): readonly LearnerOutput[] {
    const { zxid } = packet;
    const { lastLoggedZxid, lastProcessedZxid } = this.#state!;
    const epoch = this.#epoch;
    // The sync may log transactions of an epoch that currentEpoch does not cover yet. Once that epoch is
    // announced, a crash in between is not taken for damage.
    const announce: LearnerOutput = { type: 'announceCurrentEpoch', epoch };
    switch (packet.type) {
      case PacketType.DIFF:
        this.#startFrom(lastLoggedZxid, lastProcessedZxid);
        return [{ type: 'beginSync', mode: 'DIFF', zxid }, announce];
      case PacketType.TRUNC:
        this.#startFrom(zxid, zxid);
        return [{ type: 'truncate', zxid }, { type: 'beginSync', mode: 'TRUNC', zxid }, announce];
      case PacketType.SNAP:
        this.#startFrom(zxid, zxid);
        return [
          { type: 'beginSync', mode: 'SNAP', zxid },
          // The new tree replaces the old one only when it is whole (ZOOKEEPER-3104, 3642), and is on disk
          // before anything follows.
          { type: 'receiveSnapshot', zxid },
          announce,
          { type: 'restoreSnapshot' },
          { type: 'needSnapshot', isNeeded: false },
        ];
      default:
        return [leave(`${packet} where DIFF, TRUNC or SNAP was expected`)];
    }
  }

  #startFrom(lastQueued: number, lastCommitted: number): void {
    this.#phase = 'sync';
    this.#lastQueued = lastQueued;
    this.#lastCommitted = lastCommitted;
  }

  #onHistory(packet: PacketView): readonly LearnerOutput[] {
    switch (packet.type) {
      case PacketType.PROPOSAL:
        return this.#queue(packet);
      case PacketType.COMMIT:
      case PacketType.COMMITANDACTIVATE:
        return this.#commit(packet);
      case PacketType.INFORM:
      case PacketType.INFORMANDACTIVATE: {
        const queued = this.#queue(packet);
        return queued.some(isLeave) ? queued : [...queued, ...this.#commit(packet)];
      }
      case PacketType.PING:
        // Until it serves there are no sessions to report. Before the ACK of NEWLEADER it says nothing, as
        // upstream's learners do: a leader of 3.4 sends PINGs so early, and accepts nothing but that ACK.
        return this.#phase === 'sync' ? NONE : [send(PacketType.PING, packet.zxid, EMPTY)];
      case PacketType.NEWLEADER:
        if (this.#phase === 'sync') return this.#onNewLeader(packet);
        break;
      case PacketType.UPTODATE:
        if (this.#phase === 'upToDate') return this.#onUpToDate();
        break;
    }
    return [leave(`${packet} ${this.#phase === 'sync' ? 'during sync' : 'before UPTODATE'}`)];
  }

  /**
   * Leaves when the transaction does not follow the one before it: a gap would be passed on forever.
   * ZOOKEEPER-4925
   */
  #queue(packet: PacketView): readonly LearnerOutput[] {
    // A proposal may come twice when the master registers this learner while it commits (notes on the TLA+
    // model of Zab).
    if (packet.zxid <= this.#lastQueued) return NONE;
    if (!follows(packet.zxid, this.#lastQueued)) {
      const last = zxidToHex(this.#lastQueued);
      return [leave(`${packet} does not follow ${last}: transactions are missing in between`)];
    }
    const txn = ownPacket(packet);
    this.#txnBytes += txn.bytes.length;
    this.#proposed.push(txn);
    this.#lastQueued = packet.zxid;
    const text = configTextOf(txn);
    return text === null ? NONE : [{ type: 'proposeConfig', text }];
  }

  #commit(packet: PacketView): readonly LearnerOutput[] {
    const oldest = this.#proposed.peek();
    if (oldest === undefined || oldest.zxid !== packet.zxid) {
      // A duplicate of what was committed already is harmless; anything else is a gap.
      if (packet.zxid <= this.#lastCommitted) return NONE;
      const expected = oldest === undefined ? 'none' : zxidToHex(oldest.zxid);
      return [leave(`${packet} where the oldest proposal is ${expected}`)];
    }
    this.#proposed.shift();
    this.#lastCommitted = oldest.zxid;
    const activation = this.#activation(oldest, packet);
    if (this.#phase === 'sync') {
      return [{ type: 'log', txn: oldest }, { type: 'apply', txn: oldest }, ...activation];
    }
    this.#committedLate.push(oldest);
    return activation;
  }

  /**
   * Of the configurations in the history only the last takes effect, which NEWLEADER names. A configuration
   * that is committed live takes effect now.
   */
  #activation(txn: TxnPacket, packet: PacketView): readonly LearnerOutput[] {
    const leader = designatedLeaderIn(packet);
    const text = leader === null ? null : configTextOf(txn);
    return text === null ? NONE : [{ type: 'activateConfig', text, leader }];
  }

  #onNewLeader(packet: PacketView): readonly LearnerOutput[] {
    const epoch = this.#epoch;
    if (packet.zxid !== makeZxid(epoch, 0))
      return [leave(`${packet} where NEWLEADER ${zxidToHex(makeZxid(epoch, 0))} was expected`)];
    this.#leaderConfig = packet.dataLength > 1 ? packet.data().toString('utf8') : null;
    this.#phase = 'upToDate';
    return [
      { type: 'keepConfig', text: this.#leaderConfig },
      { type: 'flush' },
      { type: 'setCurrentEpoch', epoch },
      this.#ackOfNewLeader(),
    ];
  }

  #onUpToDate(): readonly LearnerOutput[] {
    this.#phase = 'broadcast';
    return [
      { type: 'adoptConfig', text: this.#leaderConfig },
      this.#ackOfNewLeader(),
      { type: 'serve', committed: [...this.#committedLate], pending: [...this.#proposed] },
    ];
  }

  #ackOfNewLeader(): LearnerOutput {
    return send(PacketType.ACK, makeZxid(this.#epoch, 0), null);
  }
}

function send(type: PacketType, zxid: number, data: Buffer | null): LearnerOutput {
  return { type: 'send', packet: { type, zxid, data, authinfo: null } };
}

/** The promise stands behind the version of the protocol. */
function promisesProposals(leaderInfo: PacketView): boolean {
  return leaderInfo.dataLength >= 8 && leaderInfo.data().readInt32BE(4) === OBSERVER_PROPOSALS;
}

function isLeave({ type }: LearnerOutput): boolean {
  return type === 'leave';
}

function leave(reason: string): LearnerOutput {
  return { type: 'leave', reason, isEpochRefused: false };
}

const NONE: readonly LearnerOutput[] = [];
const EMPTY = Buffer.alloc(0);
const BEFORE_ALL_LOGS = -1;
/** Stands in place of the current epoch in an ACKEPOCH. */
const NOT_COUNTED = -1;
