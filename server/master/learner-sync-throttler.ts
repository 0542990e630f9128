import type { ServerConfig } from '../config/server-config.ts';
import type { Metrics, Summary } from '../metrics/metrics.ts';
import type { SyncPlan } from './sync-plan.ts';

/**
 * Bounds how many observers are synced at a time, so that hundreds that come back at once leave the master
 * time to lead. Voters are counted and never refused: the quorum needs them. @see LearnerSyncThrottler
 */
export class LearnerSyncThrottler {
  /** The key of zoo.cfg that it stands for. */
  readonly key: string;
  readonly #syncsMax: number;
  readonly #inflight: Summary;
  #syncs = 0;

  constructor(key: string, syncsMax: number, inflight: Summary) {
    this.key = key;
    this.#syncsMax = syncsMax;
    this.#inflight = inflight;
  }

  get syncsMax(): number {
    return this.#syncsMax;
  }

  /** False: too many already. True: `end` must follow. */
  begin(essential: boolean): boolean {
    if (!essential && this.#syncs >= this.#syncsMax) return false;
    this.#inflight.add(++this.#syncs);
    return true;
  }

  end(): void {
    this.#inflight.add(--this.#syncs);
  }
}

export type SyncThrottlers = Readonly<Record<SyncPlan['mode'], LearnerSyncThrottler>>;

/** Of one master: a TRUNC sends as little as a DIFF. */
export function syncThrottlers({
  config,
  metrics,
}: {
  readonly config: Pick<ServerConfig, 'maxConcurrentSnapSyncs' | 'maxConcurrentDiffSyncs'>;
  readonly metrics: Metrics;
}): SyncThrottlers {
  const snap = new LearnerSyncThrottler(
    'leader.maxConcurrentSnapSyncs',
    config.maxConcurrentSnapSyncs,
    metrics.summary('inflight_snap_count'),
  );
  const diff = new LearnerSyncThrottler(
    'leader.maxConcurrentDiffSyncs',
    config.maxConcurrentDiffSyncs,
    metrics.summary('inflight_diff_count'),
  );
  return { SNAP: snap, DIFF: diff, TRUNC: diff };
}
