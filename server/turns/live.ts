/**
 * Iteration over collections that change meanwhile. Answers are made in slices, and sets and maps gain and
 * lose members between two of them. A member that stays the whole time is seen exactly once.
 */

/**
 * A pause, at which the iteration may stop until a later slice. Long loops have one for each small piece of
 * work.
 */
export type Pause = undefined;
export const PAUSE: Pause = undefined;

/** Work with pauses that returns a value. */
export type Slow<T> = Generator<Pause, T>;

/**
 * Visits at most `count` members. A live set also visits members that are added, or removed and added again,
 * during the walk, so an unbounded walk may never end.
 */
export function* atMost<T>(count: number, members: Iterable<T>): Generator<T> {
  let left = count;
  if (left <= 0) return;
  for (const member of members) {
    yield member;
    if (--left <= 0) return;
  }
}
