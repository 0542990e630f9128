import type { ServerConfig } from '../../config/server-config.ts';
import type { Metrics, Summary } from '../../metrics/metrics.ts';
import type { SyncMode } from '../../metrics/server-events.ts';
import { oldestOfBusiestHost } from '../../runtime/busiest-host.ts';

const KIB = 1024;
const MS_PER_S = 1000;

/** A learner that reads its sync slower than this loses its place when others wait for one. */
export const LEAST_BYTES_PER_S = 64 * KIB;
/** A learner that has been sent everything is expected to write it to disk at this rate, and to say so. */
const SETTLED_BYTES_PER_S = 4 * KIB * KIB;
/** How late a learner may be, in ms. */
export const SYNC_GRACE_MS = 10_000;

/**
 * What a learner is to its master: a voter; an observer of the configuration, connected from its own address;
 * or anybody else. Anybody can reach the port, and claim the id of any observer.
 */
export type Standing = 'voter' | 'observer' | 'other';

/** A learner that is to be synced. */
export interface ThrottledLearner {
  readonly standing: Standing;
  readonly host: string;
  close(reason: string): void;
}

/** The place of one learner among those that are being synced. */
export class SyncPlace {
  readonly learner: ThrottledLearner;
  readonly #leave: (place: SyncPlace) => void;
  /** Monotonic time in ms. After it the learner counts as too slow. */
  #dueMs: number;
  #bytes = 0;

  constructor(learner: ThrottledLearner, nowMs: number, leave: (place: SyncPlace) => void) {
    this.learner = learner;
    this.#dueMs = nowMs + SYNC_GRACE_MS;
    this.#leave = leave;
  }

  get dueMs(): number {
    return this.#dueMs;
  }

  /** Its connection has taken `bytes` more. */
  took(bytes: number, nowMs: number): void {
    this.#bytes += bytes;
    const paidMs = Math.max(this.#dueMs, nowMs - SYNC_GRACE_MS) + (bytes * MS_PER_S) / LEAST_BYTES_PER_S;
    this.#dueMs = Math.min(paidMs, nowMs + SYNC_GRACE_MS);
  }

  /** Nothing more is sent to it. */
  tookAll(nowMs: number): void {
    this.#dueMs = nowMs + SYNC_GRACE_MS + (this.#bytes * MS_PER_S) / SETTLED_BYTES_PER_S;
  }

  end(): void {
    this.#leave(this);
  }
}

/**
 * Bounds how many observers are synced at a time, so that hundreds that come back at once leave the master
 * time to lead. Voters are never refused, since the quorum needs them, and take no place of an observer. @see
 * LearnerSyncThrottler
 *
 * When all places are taken and another learner wants one, it gets the place of a learner that reads too
 * slowly, of one of lower standing, or of one at the host that has most places. An observer of the
 * configuration loses its place only to another one.
 */
export class LearnerSyncThrottler {
  /** The key of zoo.cfg that sets the limit. */
  readonly key: string;
  readonly #syncsMax: number;
  readonly #inflight: Summary;
  /** Places in the order in which their syncs began. */
  readonly #places = new Set<SyncPlace>();
  readonly #leave = (place: SyncPlace): void => {
    if (this.#places.delete(place)) this.#inflight.add(this.#places.size);
  };

  constructor(key: string, syncsMax: number, inflight: Summary) {
    this.key = key;
    this.#syncsMax = syncsMax;
    this.#inflight = inflight;
  }

  get syncsMax(): number {
    return this.#syncsMax;
  }

  /** Null when too many learners are being synced already. */
  begin(learner: ThrottledLearner, nowMs: number): SyncPlace | null {
    if (learner.standing !== 'voter' && !this.#hasRoomFor(learner, nowMs)) return null;
    const place = new SyncPlace(learner, nowMs, this.#leave);
    this.#places.add(place);
    this.#inflight.add(this.#places.size);
    return place;
  }

  #hasRoomFor(learner: ThrottledLearner, nowMs: number): boolean {
    const taken = [...this.#places].filter(place => place.learner.standing !== 'voter');
    if (taken.length < this.#syncsMax) return true;
    const others = taken.filter(place => place.learner.standing === 'other');
    const loser =
      learner.standing === 'observer'
        ? (slowest(taken, nowMs) ?? others.at(-1) ?? ofBusiestHost(taken, learner))
        : (slowest(others, nowMs) ?? ofBusiestHost(others, learner));
    if (loser === undefined) return false;
    loser.learner.close(
      `another learner is synced in its place, of which there are ${this.#syncsMax} (${this.key})`,
    );
    return true;
  }
}

function slowest(places: readonly SyncPlace[], nowMs: number): SyncPlace | undefined {
  const late = places.filter(place => place.dueMs < nowMs);
  return late.length === 0 ? undefined : late.reduce((a, b) => (b.dueMs < a.dueMs ? b : a));
}

/** The newest place of the host with most, if it has at least two more than the newcomer's host. */
function ofBusiestHost(places: readonly SyncPlace[], learner: ThrottledLearner): SyncPlace | undefined {
  const last = oldestOfBusiestHost(places.toReversed(), hostOf);
  const has = (host: string) => places.filter(place => hostOf(place) === host).length;
  return last !== undefined && has(hostOf(last)) > has(learner.host) + 1 ? last : undefined;
}

function hostOf({ learner }: SyncPlace): string {
  return learner.host;
}

export type SyncThrottlers = Readonly<Record<SyncMode, LearnerSyncThrottler>>;

/** The throttlers of one master. A TRUNC counts as a DIFF, since it sends as little. */
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
