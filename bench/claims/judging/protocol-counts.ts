/**
 * What a committed write costs by the protocol, whatever the machine. A single round is enough to see a
 * message too many, so these counts are part of every claim about scaling.
 */
import { CONDITIONS } from '../../../results/names.ts';
import { formatNumber } from '../../../results/number-text.ts';
import type { Topology } from '../../../results/schema.ts';
import { type Evidence, hasMasters, membersText, observersOf, votersOf } from './evidence.ts';

/**
 * Tolerance of counts per write: opening and closing sessions costs messages, and batches are cut at both
 * ends.
 */
export const COUNT_TOLERANCE = 0.05;

/** Counts of a healthy topology, and a clause about the first that contradicts the protocol. */
export interface ExactPart {
  readonly counts: readonly { readonly name: string; readonly value: number; readonly unit: string }[];
  readonly contradiction?: string;
}

/** PROPOSAL and COMMIT to each follower, ACK from it, INFORM to each observer that the leader serves. */
export function messagesPerWrite(topology: Topology): Readonly<Record<string, number>> {
  const followers = votersOf(topology) - 1;
  const observers = observersOf(topology);
  return {
    leaderMessagesPerWrite: 2 * followers + (hasMasters(topology) ? 0 : observers),
    acksToLeaderPerWrite: followers,
    ...(followers > 0 && { followerMessagesPerWrite: 3 }),
    ...(observers > 0 && { observerMessagesPerWrite: 1 }),
  };
}

/** A member syncs its log at most once for a write. With batches it syncs less often. */
export const SYNCS_MAX: Readonly<Record<string, number>> = {
  leaderFsyncsPerWrite: 1,
  followerFsyncsPerWrite: 1,
  observerFsyncsPerWrite: 1,
};

const SAID: Readonly<Record<string, string>> = {
  leaderMessagesPerWrite: 'the leader sent %s messages per write',
  acksToLeaderPerWrite: 'the leader received %s acks per write',
  followerMessagesPerWrite: 'a follower exchanged %s messages per write',
  observerMessagesPerWrite: 'an observer exchanged %s messages per write',
  leaderFsyncsPerWrite: 'the leader synced its log %s times per write',
  followerFsyncsPerWrite: 'a follower synced its log %s times per write',
  observerFsyncsPerWrite: 'an observer synced its log %s times per write',
};

/** What these counts of a topology contradict; undefined when nothing. Counts that are absent say nothing. */
export function contradictionOf(
  topology: Topology,
  counts: Readonly<Record<string, number>>,
  names: readonly string[] = Object.keys(SAID),
): string | undefined {
  const expected = messagesPerWrite(topology);
  for (const name of names) {
    const [value, exactly, atMost] = [counts[name], expected[name], SYNCS_MAX[name]];
    if (value === undefined) continue;
    const said = `with ${membersText(topology)}, ${SAID[name]!.replace('%s', formatNumber(value))}`;
    if (exactly !== undefined && Math.abs(value - exactly) > exactly * COUNT_TOLERANCE)
      return `${said}, and the protocol needs ${exactly}`;
    if (atMost !== undefined && value > atMost * (1 + COUNT_TOLERANCE))
      return `${said}, and the protocol needs at most ${atMost}`;
  }
  return undefined;
}

/** The counts of topologies that a claim about scaling rests on. */
export function exactPartOf(
  evidence: Evidence,
  topologies: readonly Topology[],
  condition: string = CONDITIONS.healthy,
): ExactPart {
  const found = topologies.map(topology => ({
    topology,
    counts: evidence.series('writeThroughput', topology, condition)?.counts ?? {},
  }));
  const contradiction = found
    .map(({ topology, counts }) => contradictionOf(topology, counts))
    .find(clause => clause !== undefined);
  return {
    counts: found.flatMap(({ topology, counts }) =>
      [
        'leaderMessagesPerWrite',
        'leaderBytesPerWrite',
        'acksToLeaderPerWrite',
        'leaderFsyncsPerWrite',
      ].flatMap(name =>
        counts[name] === undefined
          ? []
          : [{ name: `${name}, ${membersText(topology)}`, value: counts[name], unit: '' }],
      ),
    ),
    ...(contradiction !== undefined && { contradiction }),
  };
}

/** A clause when the leader sent no fewer bytes per write with `less` than with `more`. */
export function bytesContradiction(evidence: Evidence, less: Topology, more: Topology): string | undefined {
  const bytes = (topology: Topology) =>
    evidence.series('writeThroughput', topology, CONDITIONS.healthy)?.counts.leaderBytesPerWrite;
  const [few, many] = [bytes(less), bytes(more)];
  return few === undefined || many === undefined || few < many
    ? undefined
    : `the leader sent ${formatNumber(few)} bytes per write with ${membersText(less)}, and ${formatNumber(many)} with ${membersText(more)}`;
}
