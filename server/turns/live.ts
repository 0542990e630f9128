/**
 * Looking at what changes meanwhile: answers are made in slices, and between two of them sets and maps gain
 * and lose members. What does not change in that time is seen exactly once.
 */

/** A pause: the look may go on in a later slice. Long loops have one for each small piece of work. */
export type Pause = undefined;
export const PAUSE: Pause = undefined;

/** Work with pauses that gives a value in the end. */
export type Slow<T> = Generator<Pause, T>;

/**
 * No more members than there are now. A live set visits what is added while it is walked, and what is removed
 * and added again, so that a walk of it need not end.
 */
export function* atMost<T>(count: number, members: Iterable<T>): Generator<T> {
  let left = count;
  if (left <= 0) return;
  for (const member of members) {
    yield member;
    if (--left <= 0) return;
  }
}
