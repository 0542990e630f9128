import type { Metrics } from '../metrics/metrics.ts';
import type { ServerEvents } from '../metrics/server-events.ts';
import type { Logger } from '../runtime/logging/logger.ts';
import type { Clock, Disk, Random } from '../runtime/runtime.ts';
import type { OwnerLayout } from '../tree/owner.ts';
import { type JuteLimits, juteLimits } from '../wire/jute-limits.ts';

export interface ZkDatabaseConfig {
  /** Parent of the version-2 directory with snapshots and epoch files. */
  readonly dataDir: string;
  /** Parent of the version-2 directory with logs; often the same. */
  readonly dataLogDir: string;
  /** A snapshot is due after a random count of transactions between half of this and this. */
  readonly snapCount: number;
  /** The same limit in bytes of log; 0: by count only. */
  readonly snapSizeLimitBytes: number;
  readonly preAllocBytes: number;
  /** 0: only snapshots roll the log. */
  readonly txnLogSizeLimitBytes: number;
  readonly commitLogCount: number;
  readonly forceSync: boolean;
  readonly fsyncWarningMs: number;
  readonly digestEnabled: boolean;
  readonly ownerLayout: OwnerLayout;
  readonly jute: JuteLimits;
  readonly snapshotSizeFactor: number;
  /** False: nothing is logged, and no snapshot is taken that would need the log (observer.syncEnabled). */
  readonly logEnabled: boolean;
  readonly trustEmptySnapshot: boolean;
  /**
   * False: an empty data directory counts as an accident unless it holds a file "initialize" (db.autocreate).
   */
  readonly autoCreate: boolean;
  /** False: missing directories are not created (datadir.autocreate). */
  readonly directoryAutoCreate: boolean;
  /**
   * True for a voter. Its claim of an empty tree counts, so the start looks for signs that there was more.
   */
  readonly votes: boolean;
  /** A file beside the snapshots says where their logs are. @see LogRecord */
  readonly logRecord: boolean;
}

export const databaseDefaults = {
  snapCount: 100_000,
  snapSizeLimitBytes: 4 * 1024 * 1024 * 1024,
  preAllocBytes: 64 * 1024 * 1024,
  txnLogSizeLimitBytes: 0,
  commitLogCount: 500,
  forceSync: true,
  fsyncWarningMs: 1000,
  digestEnabled: true,
  ownerLayout: 'plain',
  jute: juteLimits(),
  snapshotSizeFactor: 0.33,
  logEnabled: true,
  trustEmptySnapshot: false,
  autoCreate: true,
  directoryAutoCreate: true,
  votes: false,
  logRecord: false,
} as const;

export interface ZkDatabaseParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly events: ServerEvents;
  readonly logger: Logger;
}
