import type { Availability, Outcome, Result, Sync } from '../results/schema.ts';

/** A read returned data, even if stale. */
export const ANSWERED: readonly Outcome[] = ['ok', 'stale', 'readonly'];

/** What the claims judge: the probes that were due under the fault. Older results have only that of all. */
export function answeredPercent({ percent, percentUnderFault = percent }: Availability): number {
  return percentUnderFault;
}

/**
 * The rows of the round with the observer that answered least, as the claims have it; among equal rounds, and
 * without observers, the round that answered least as a whole.
 */
export function worstRound(rows: readonly Availability[]): Availability[] {
  const rounds = grouped(rows, row => row.round ?? 0);
  const least = (round: readonly Availability[]) =>
    Math.min(...round.filter(({ role }) => role === 'observer').map(answeredPercent));
  const sum = (round: readonly Availability[]) => round.reduce((all, row) => all + answeredPercent(row), 0);
  const byWorst = (a: Availability[], b: Availability[]) =>
    least(a) === least(b) ? sum(a) - sum(b) : least(a) - least(b);
  return rounds.sort(byWorst)[0] ?? [];
}

/**
 * The round whose last learner came back in the median time (the slower of two middle ones), first to serve
 * first.
 */
export function medianRound(syncs: readonly Sync[]): Sync[] {
  const rounds = grouped(syncs, sync => sync.round);
  rounds.sort((a, b) => lastServing(a) - lastServing(b));
  const median = rounds[Math.floor(rounds.length / 2)] ?? [];
  return median.toSorted((a, b) => servingMs(a) - servingMs(b));
}

/**
 * When a write committed again in the round of `syncs`, in ms since the leader was lost; undefined when
 * unknown.
 */
export function firstCommitMs(
  { measurements }: Pick<Result, 'measurements'>,
  [sync]: readonly Sync[],
): number | undefined {
  const measured = measurements.find(
    item =>
      item.metric === 'syncFirstWriteMs' &&
      item.topology === sync?.topology &&
      item.condition === sync.condition,
  );
  return measured?.samples.find(({ round }) => round === sync?.round)?.value;
}

function lastServing(round: readonly Sync[]): number {
  return Math.max(...round.map(servingMs));
}

/** A learner that never served comes last. */
function servingMs(sync: Sync): number {
  return sync.marks.servingMs ?? Number.MAX_SAFE_INTEGER;
}

function grouped<T>(items: readonly T[], roundOf: (item: T) => number): T[][] {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const group = groups.get(roundOf(item));
    if (group === undefined) groups.set(roundOf(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}
