import type { ServerError } from '../errors.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Logger } from '../runtime/logging/logger.ts';
import type { Clock } from '../runtime/runtime.ts';
import type { ElectionNetwork } from '../security/election-network.ts';
import type { Notification } from '../wire/election-message.ts';
import type { ElectionMembers } from './election-members.ts';

export interface QuorumCnxManagerDeps {
  readonly clock: Clock;
  readonly network: ElectionNetwork;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface QuorumCnxManagerOptions {
  readonly sid: number;
  readonly members: ElectionMembers;
  /** Listen on every address of the machine. @default false, as upstream */
  readonly quorumListenOnAllIPs?: boolean | undefined;
  /**
   * Servers may have several addresses, and this server tells them all of its own. @default false, as
   * upstream
   */
  readonly multiAddressEnabled?: boolean | undefined;
  /**
   * Limit on the silence of a connected peer with several addresses after a message was sent to it: then it
   * is dialed anew. @default no limit
   */
  readonly reachabilityTimeoutMs?: number | undefined;
  /** Limit on the time of a dial. */
  readonly cnxTimeoutMs: number;
  /** Limit on the time until an accepted connection says who it is. */
  readonly helloTimeoutMs: number;
  /** @default false, as upstream */
  readonly tcpKeepAlive?: boolean | undefined;
  /** Tries to bind the port, in all (electionPortBindRetry); 0: without end. */
  readonly bindTriesMax: number;
  /** What this server answers to those who ask for its accepted epoch. @see epoch-question.ts */
  readonly acceptedEpoch: () => number;
}

export interface QuorumCnxManagerEvents {
  onNotification(from: number, notification: Notification): void;
  onListening?(port: number): void;
  /** The election port could not be bound within the tries that the options allow. */
  onListenFailed(error: ServerError): void;
}
