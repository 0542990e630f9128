import { CONDITIONS } from '../../../results/names.ts';
import { formatNumber, formatUnit } from '../../../results/number-text.ts';
import type { Topology } from '../../../results/schema.ts';
import type { Claim } from '../claim.ts';
import { type Evidence, hasMasters, membersText, observersOf } from './evidence.ts';
import { type Counted, exactClaim, type Finding, worstOf } from './exact-claim.ts';
import { COUNT_TOLERANCE, messagesPerWrite } from './protocol-counts.ts';

const METRIC = 'countedOperations';

/** The members where a write may enter, and how often each write is forwarded until it reaches the leader. */
const WRITES = [
  { condition: CONDITIONS.singleAtLeader, where: 'the leader', hops: () => 0 },
  { condition: CONDITIONS.singleAtFollower, where: 'a follower', hops: () => 1 },
  {
    condition: CONDITIONS.singleAtObserver,
    where: 'an observer',
    hops: (topology: Topology) => (hasMasters(topology) ? 2 : 1),
  },
] as const;

const READS = [
  { condition: CONDITIONS.readsAtFollower, where: 'a follower' },
  { condition: CONDITIONS.readsAtObserver, where: 'an observer' },
] as const;

/** 004-3: what a client of an observer costs the others. */
export const operationsByMember: Claim = exactClaim(
  {
    id: '004-3',
    title: 'An observer answers reads by itself, and forwards each write once',
    source: 'Observers guide, introduction: clients connect to observers, which forward writes to the leader',
    hypothesis: `Reads at an observer or a follower send no request to the leader. A write there costs one request (two behind an observer master), and the leader sends the same messages as for its own clients (within ${COUNT_TOLERANCE * 100} %)`,
    metric: 'requestsToLeaderPerRead, requestsPerWrite, leaderMessagesPerWrite',
    unit: 'requests',
    control: 'writes of the leader’s own clients; the protocol is the bound',
    needs: ['paths'],
  },
  {
    lacking: 'topology with observers',
    counted: ({ roles }) => observing(roles).flatMap(topology => countedIn(roles, topology)),
    find(counts, { roles }) {
      const each = WRITES.length + READS.length;
      return worstOf(
        observing(roles).map((topology, index) =>
          findingOf(topology, counts.slice(index * each, (index + 1) * each)),
        ),
      );
    },
  },
);

function observing({ topologies }: Evidence): Topology[] {
  return topologies.filter(topology => observersOf(topology) > 0);
}

function countedIn(evidence: Evidence, topology: Topology): Counted[] {
  const at = (condition: string, keys: readonly string[]) => ({
    what: `${topology.name}, ${condition}`,
    series: evidence.series(METRIC, topology, condition),
    keys,
  });
  return [
    ...WRITES.map(({ condition }) => at(condition, ['requestsPerWrite', 'leaderMessagesPerWrite'])),
    ...READS.map(({ condition }) => at(condition, ['requestsToLeaderPerRead'])),
  ];
}

function findingOf(topology: Topology, counts: readonly Readonly<Record<string, number>>[]): Finding {
  const who = `with ${membersText(topology)}`;
  const { leaderMessagesPerWrite: messages } = messagesPerWrite(topology);
  const value = counts[WRITES.length - 1]!.requestsPerWrite!;
  for (const [index, { where, hops }] of WRITES.entries()) {
    const { requestsPerWrite: requests, leaderMessagesPerWrite: sent } = counts[index]!;
    if (!isNear(requests!, hops(topology)))
      return fails(
        value,
        `${who}, a write at ${where} cost ${formatUnit(requests!, 'requests')}, and the protocol needs ${hops(topology)}`,
      );
    if (!isNear(sent!, messages!))
      return fails(
        value,
        `${who}, the leader sent ${formatNumber(sent!)} messages for a write at ${where}, and the protocol needs ${messages}`,
      );
  }
  for (const [index, { where }] of READS.entries()) {
    const requests = counts[WRITES.length + index]!.requestsToLeaderPerRead!;
    if (!isNear(requests, 0))
      return fails(
        value,
        `${who}, a read at ${where} cost ${formatUnit(requests, 'requests')} to the leader, and needs none`,
      );
  }
  return {
    holds: true,
    value,
    reason:
      `In every topology reads at a follower or an observer sent no request to the leader. ` +
      `${capital(who)}, a write at an observer cost ${formatUnit(value, 'requests')}, and the leader sent ${messages} messages wherever it came from.`,
  };
}

function fails(value: number, clause: string): Finding {
  return { holds: false, value, reason: `${capital(clause)}.` };
}

function isNear(value: number, expected: number): boolean {
  return Math.abs(value - expected) <= Math.max(1, expected) * COUNT_TOLERANCE;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
