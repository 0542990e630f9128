import type { TurnQueue } from '../../turns/turn-queue.ts';
import type { LearnerInfo } from '../../zab/master-side.ts';
import type { PacketView } from '../../zab/packet-stream.ts';
import type { MasterContext } from '../../zab/peer-context.ts';
import type { MemberAddresses } from '../member-addresses.ts';
import type { LearnerBacklog } from './learner-backlog.ts';
import type { SyncThrottlers } from './learner-sync-throttler.ts';

/**
 * What learners sync with and hear commits from: the leader, or an observer master in its place. The
 * handshake is the same; where the leader waits for a quorum, the observer master knows the answer already.
 * `Handler` is `LearnerHandler`, whose file imports this one. Every `await...` calls back at most once, and
 * never after the handler was closed.
 */
export interface LearnerMaster<Handler> {
  readonly context: MasterContext;
  readonly acceptsFollowers: boolean;
  readonly throttlers: SyncThrottlers;
  /** The configuration that NEWLEADER names. */
  readonly configText: string;
  readonly addresses: Pick<MemberAddresses, 'has' | 'claimed'>;
  /**
   * Whether the configuration names it a voter. A learner that says it follows, and is no voter, is brought
   * up to date like an observer.
   */
  isVoter(handler: Handler): boolean;
  awaitEpoch(handler: Handler, info: LearnerInfo, done: (epoch: number) => void): void;
  /** `currentEpoch` is null when the learner had accepted the epoch before; then it is not counted. */
  awaitEpochAck(handler: Handler, currentEpoch: number | null, lastZxid: number, done: () => void): void;
  /** `done` runs when no other connection of the same voter is alive; otherwise the handler is closed. */
  awaitSeat(handler: Handler, done: () => void): void;
  /**
   * Hands the handler what is under way, then everything new. From here nothing may be missed or sent twice.
   */
  startForwarding(handler: Handler, lastSeenZxid: number): void;
  /** The handler has dropped what it was handed. It is handed nothing until the next `startForwarding`. */
  stopForwarding(handler: Handler): void;
  backlogOf(handler: Handler): LearnerBacklog;
  /** True when there is a quorum without this synced voter. */
  canSpare(handler: Handler): boolean;
  /** The learner is durable up to its sync. `done` runs when this master serves. */
  awaitStart(handler: Handler, done: () => void): void;
  onAck(handler: Handler, zxid: number): void;
  /** The learner has heard from a session. */
  onTouched(handler: Handler, sessionHigh: number, sessionLow: number, timeoutMs: number): void;
  /** Called when a part of a packet is kept until the rest has come. */
  onPartialPacket(handler: Handler): void;
  /** Called twice a tick while the handler is not read from, so that nothing is heard of its sessions. */
  onHeldBack(handler: Handler): void;
  /** The turns that its packets take. */
  turnsOf(handler: Handler): TurnQueue;
  onRequest(handler: Handler, packet: PacketView): void;
  onRevalidate(handler: Handler, packet: PacketView): void;
  onClosed(handler: Handler): void;
}
