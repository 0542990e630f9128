import type { SessionTracker, TrackedSession } from '../sessions/session-tracker.ts';

type Bucket = readonly [expiryMs: number, sessions: ReadonlySet<TrackedSession>];

/**
 * Sessions by when they expire, soonest first. A session that is touched meanwhile moves to a later bucket,
 * which may be new. New buckets come last, so that no session is missed.
 */
export function* sessionBuckets(tracker: SessionTracker | undefined): Generator<Bucket> {
  if (tracker === undefined) return;
  const known = [...tracker.buckets].sort(([a], [b]) => a - b);
  yield* known;
  const shown = new Set(known.map(([expiryMs]) => expiryMs));
  const since = [...tracker.buckets].filter(([expiryMs]) => !shown.has(expiryMs));
  yield* since.sort(([a], [b]) => a - b);
}
