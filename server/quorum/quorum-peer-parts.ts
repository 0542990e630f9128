import type { AclDecisions } from '../auth/acl-decisions.ts';
import type { ServerConfig } from '../config/server-config.ts';
import type { ServerError } from '../errors.ts';
import type { Configuration } from '../membership/configuration.ts';
import type { QuorumMember } from '../membership/quorum-text.ts';
import type { Guard } from '../metrics/guard.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ServerEvents } from '../metrics/server-events.ts';
import type { ServerStats } from '../metrics/server-stats.ts';
import type { Logger } from '../runtime/logging/logger.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { ElectionNetwork } from '../security/election-network.ts';
import type { LocalSessions } from '../sessions/local-sessions.ts';
import type { SessionIds } from '../sessions/session-ids.ts';
import type { EpochFiles } from '../storage/epoch-file.ts';
import type { ZkDatabase } from '../storage/zk-database.ts';
import type { CommitListener } from '../stream/commit-stream.ts';
import type { TurnQueue } from '../turns/turn-queue.ts';
import type { ConfigurationStore } from './peer-configuration.ts';
import type { ServeClients } from './read-only-phase.ts';

/** What a member is made of besides the parts of its role. */
export interface QuorumPeerParts {
  readonly runtime: Runtime;
  readonly electionNetwork: ElectionNetwork;
  readonly config: ServerConfig;
  readonly member: QuorumMember;
  readonly database: ZkDatabase;
  readonly access: AclDecisions;
  readonly epochs: EpochFiles;
  readonly sessionIds: SessionIds;
  readonly localSessions: LocalSessions | null;
  readonly metrics: Metrics;
  readonly events: ServerEvents;
  readonly stats: ServerStats;
  readonly logger: Logger;
  readonly guard: Guard;
  readonly turns: TurnQueue;
  readonly serve: ServeClients;
  /** Stores the configurations. @default nowhere besides log and tree */
  readonly configurationStore?: ConfigurationStore;
  /** Called with the configuration that is in force, at the start and after each change. */
  readonly onConfiguration?: (configuration: Configuration) => void;
  readonly commits: CommitListener | null;
  readonly onFatal: (error: ServerError) => void;
}
