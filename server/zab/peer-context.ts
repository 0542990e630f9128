import type { AclDecisions } from '../auth/acl-decisions.ts';
import type { ServerConfig } from '../config/server-config.ts';
import type { ServerError } from '../errors.ts';
import type { Membership } from '../membership/membership.ts';
import type { Oracle } from '../membership/oracle.ts';
import type { Guard } from '../metrics/guard.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ServerEvents } from '../metrics/server-events.ts';
import type { ServerStats } from '../metrics/server-stats.ts';
import type { ServerParts, ZooKeeperServer } from '../processors/zookeeper-server.ts';
import type { PortFailures } from '../runtime/addresses/listen-on-all.ts';
import type { Logger } from '../runtime/logging/logger.ts';
import type { RatedLog } from '../runtime/logging/rated-log.ts';
import type { Clock, Network, Random } from '../runtime/runtime.ts';
import type { LocalSessions } from '../sessions/local-sessions.ts';
import type { SessionIds } from '../sessions/session-ids.ts';
import type { EpochFiles } from '../storage/epoch-file.ts';
import type { ZkDatabase } from '../storage/zk-database.ts';
import type { CommitListener } from '../stream/commit-stream.ts';
import type { TurnQueue } from '../turns/turn-queue.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';

/**
 * Clients that read on while their observer has no master. They may see only what is known to be committed,
 * which a sync is not before UPTODATE. @see docs/read-only.md
 */
export interface Readers {
  /** A sync by DIFF is only logged, and applied when it is known to be committed. */
  readonly holdsBackSyncs: boolean;
  /** False while watchers must be told of earlier transactions first. Later turns change that. */
  readonly mayApply: boolean;
  /** Applies a committed transaction, whether readers are served or not. */
  apply(packet: TxnPacket): void;
  /** Another tree has taken the place of the one that they read. */
  treeReplaced(): void;
}

/**
 * What a role does when a configuration takes effect: it goes on; it ends, because this server has another
 * role or another leader; or it does nothing more, because the server stops.
 */
export type ConfigOutcome = 'goesOn' | 'leaves' | 'stops';

/** What a role (leader, follower, observer, observer master) needs of the peer it belongs to. */
export interface PeerContext {
  readonly sid: number;
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly network: Network;
  readonly random: Random;
  readonly database: ZkDatabase;
  readonly access: AclDecisions;
  readonly epochs: EpochFiles;
  readonly sessionIds: SessionIds;
  /** Null unless local sessions are enabled. */
  readonly localSessions: LocalSessions | null;
  readonly membership: Membership;
  readonly oracle: Oracle;
  /** Called with the configuration that NEWLEADER names, before it is acked; null when it names none. */
  onConfigSeen(told: string | null): void;
  /** Called with the configuration of a reconfiguration that is proposed, before it is logged. */
  onConfigProposed(text: string): void;
  /**
   * Called with the configuration that NEWLEADER named, which UPTODATE puts in force, or with null when a
   * reconfiguration was applied.
   */
  onConfigCommitted(told: string | null): ConfigOutcome;
  /**
   * Called with the configuration of a reconfiguration that is committed. `leader`: who leads from then on;
   * null where the packet does not say.
   */
  onConfigActivated(text: string, leader: number | null): ConfigOutcome;
  /** Set when the files here could not give the state that a TRUNC asked for: only a SNAP helps then. */
  readonly sync: { snapshotNeeded: boolean };
  /** The highest accepted epoch that a member confirmed at its own address: the next epoch is above it. */
  readonly confirmed: { acceptedEpoch: number };
  /** Failures in a row, over all the times that this server was elected. */
  readonly quorumPortFailures: PortFailures;
  readonly metrics: Metrics;
  readonly events: ServerEvents;
  readonly stats: ServerStats;
  readonly logger: Logger;
  /** Rate-limited log, for lines that any stranger can cause. */
  readonly lines: RatedLog;
  readonly guard: Guard;
  readonly turns: TurnQueue;
  readonly heapBytesMax: number;
  readonly onFatal: (error: ServerError) => void;
  readonly readers: Readers;
  /** Null without a commit stream. */
  readonly commits: CommitListener | null;
  /** From now on `server` serves client connections; null: nobody does. */
  serve(server: ZooKeeperServer | null): void;
}

/** What a handler needs of the peer its master belongs to. */
export type MasterContext = Pick<
  PeerContext,
  'sid' | 'config' | 'clock' | 'database' | 'metrics' | 'events' | 'logger' | 'lines' | 'membership'
>;

/**
 * Null without reconfigEnabled: then versions say nothing, because each server has the version of its own
 * file.
 */
export function configVersionsOf({ config, membership }: MasterContext) {
  if (!config.reconfigEnabled) return null;
  const { committed, lastSeen } = membership;
  return { committed: committed.verifier.version, lastSeen: lastSeen.verifier.version };
}

export function serverParts(context: PeerContext): ServerParts {
  const { config, clock, database, access, metrics, events, stats, logger, guard, turns } = context;
  const parts = { config, clock, database, access, metrics, events, stats, logger, guard, turns };
  const { heapBytesMax, localSessions, onFatal } = context;
  return {
    ...parts,
    heapBytesMax,
    localSessions,
    onFatal,
    onReconfig: () => void context.onConfigCommitted(null),
  };
}

/** The phases of Zab, as `mntr` and AdminServer name them. @see QuorumPeer.ZabState */
export type ZabState = 'election' | 'discovery' | 'synchronization' | 'broadcast';

/** A role between two elections. `ended` is called once, when nothing of it is left. */
export interface Role {
  readonly name: 'leader' | 'follower' | 'observer';
  readonly zabState: ZabState;
  start(ended: (reason: string) => void): void;
  end(reason: string): void;
}
