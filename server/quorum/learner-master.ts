import type { TurnQueue } from '../turns/turn-queue.ts';
import type { LearnerBacklog } from './learner-backlog.ts';
import type { LearnerHandler } from './learner-handler.ts';
import type { SyncThrottlers } from './learner-sync-throttler.ts';
import type { PacketView } from './packet-stream.ts';
import type { PeerContext } from './peer-context.ts';

/** What a learner says of itself in FOLLOWERINFO or OBSERVERINFO. */
export interface LearnerInfo {
  readonly sid: number;
  readonly protocolVersion: number;
  readonly acceptedEpoch: number;
}

/** What a handler needs of the peer its master belongs to. `configText`: the last seen configuration, for NEWLEADER. */
export type MasterContext = Pick<
  PeerContext,
  'sid' | 'config' | 'clock' | 'database' | 'metrics' | 'logger' | 'lines' | 'configText'
>;

/**
 * What learners sync with and hear commits from: the leader, or an observer master in its place. The handshake
 * is the same; where the leader waits for a quorum, the observer master knows the answer already.
 * Every `await...` calls back at most once, and never after the handler was closed.
 */
export interface LearnerMaster {
  readonly context: MasterContext;
  readonly acceptsFollowers: boolean;
  readonly throttlers: SyncThrottlers;
  /** Of the configuration. Whoever says that it follows, and is none, is brought up to date like an observer. */
  isVoter(handler: LearnerHandler): boolean;
  awaitEpoch(handler: LearnerHandler, info: LearnerInfo, done: (epoch: number) => void): void;
  /** `currentEpoch` is null when the learner had accepted the epoch before: it is not counted. */
  awaitEpochAck(
    handler: LearnerHandler,
    currentEpoch: number | null,
    lastZxid: number,
    done: () => void,
  ): void;
  /** `done` runs when no other connection of the same voter is alive; the handler is closed when there is one. */
  awaitSeat(handler: LearnerHandler, done: () => void): void;
  /** Hands the handler what is under way, then everything new. From here nothing may be missed or sent twice. */
  startForwarding(handler: LearnerHandler, lastSeenZxid: number): void;
  /** What it was handed is gone; it is handed nothing until the next `startForwarding`. */
  stopForwarding(handler: LearnerHandler): void;
  backlogOf(handler: LearnerHandler): LearnerBacklog;
  /** There is a quorum without this synced voter. */
  canSpare(handler: LearnerHandler): boolean;
  /** The learner is durable up to its sync. `done` runs when this master serves. */
  awaitStart(handler: LearnerHandler, done: () => void): void;
  onAck(handler: LearnerHandler, zxid: number): void;
  /** The learner has heard of a session. */
  onTouched(handler: LearnerHandler, sessionHigh: number, sessionLow: number, timeoutMs: number): void;
  /** Something of what it has sent is kept until the rest has come. */
  onPartialPacket(handler: LearnerHandler): void;
  /** It is not read from, so that nothing is heard of its sessions. Called twice a tick. */
  onHeldBack(handler: LearnerHandler): void;
  /** Whose turns its packets take. */
  turnsOf(handler: LearnerHandler): TurnQueue;
  onRequest(handler: LearnerHandler, packet: PacketView): void;
  onRevalidate(handler: LearnerHandler, packet: PacketView): void;
  onClosed(handler: LearnerHandler): void;
}
