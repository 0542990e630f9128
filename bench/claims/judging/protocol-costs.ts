import { CONDITIONS } from '../../../results/names.ts';
import { formatNumber } from '../../../results/number-text.ts';
import type { Claim } from '../claim.ts';
import type { Evidence } from './evidence.ts';
import { type Counted, exactClaim, type Finding, worstOf } from './exact-claim.ts';
import { COUNT_TOLERANCE, contradictionOf, messagesPerWrite, SYNCS_MAX } from './protocol-counts.ts';

/** A message that is sent twice costs twice the bandwidth, even if no timing shows it. */
export const messagesOfTheProtocol: Claim = exactClaim(
  {
    id: 'L3',
    title: 'A write costs the messages of the protocol, and no more',
    source:
      'zklab’s own; the broadcast protocol: PROPOSAL, ACK and COMMIT for each follower, INFORM for each observer',
    hypothesis: `Per committed write, each role sends and receives what the protocol needs, within ${COUNT_TOLERANCE * 100} %`,
    metric:
      'leaderMessagesPerWrite, acksToLeaderPerWrite, followerMessagesPerWrite, observerMessagesPerWrite',
    unit: 'messages',
    control: 'none; the protocol is the bound',
    needs: ['healthy'],
  },
  {
    counted: evidence => everyTopology(evidence, topology => Object.keys(messagesPerWrite(topology))),
    find: (counts, evidence) =>
      worstOf(
        evidence.topologies.map((topology, index): Finding => {
          const expected = messagesPerWrite(topology);
          const contradiction = contradictionOf(topology, counts[index]!, Object.keys(expected));
          const value = counts[index]!.leaderMessagesPerWrite!;
          return {
            holds: contradiction === undefined,
            value,
            reason: sentence(
              contradiction ??
                `in every topology each role exchanged what the protocol needs; the leader of ${topology.name} sent ${formatNumber(value)} messages per write, and the protocol needs ${expected.leaderMessagesPerWrite}`,
            ),
          };
        }),
      ),
  },
);

export const oneSyncPerWrite: Claim = exactClaim(
  {
    id: 'L4',
    title: 'No member syncs its log more than once for a write',
    source: 'zklab’s own; a group commit syncs several writes at once',
    hypothesis: `Per committed write, a member of any role syncs its log at most once, within ${COUNT_TOLERANCE * 100} %`,
    metric: 'leaderFsyncsPerWrite, followerFsyncsPerWrite, observerFsyncsPerWrite',
    unit: 'syncs',
    control: 'none; one sync per write is the bound',
    needs: ['healthy'],
  },
  {
    counted: evidence => everyTopology(evidence, () => ['leaderFsyncsPerWrite']),
    find: (counts, evidence) =>
      worstOf(
        evidence.topologies.map((topology, index): Finding => {
          const contradiction = contradictionOf(topology, counts[index]!, Object.keys(SYNCS_MAX));
          const value = counts[index]!.leaderFsyncsPerWrite!;
          return {
            holds: contradiction === undefined,
            value,
            reason: sentence(
              contradiction ??
                `in every topology each role synced at most once per write; the leader of ${topology.name} synced ${formatNumber(value)} times`,
            ),
          };
        }),
      ),
  },
);

function everyTopology(
  evidence: Evidence,
  keysOf: (topology: Evidence['topologies'][number]) => readonly string[],
): Counted[] {
  return evidence.topologies.map(topology => ({
    what: topology.name,
    series: evidence.series('writeThroughput', topology, CONDITIONS.healthy),
    keys: keysOf(topology),
  }));
}

function sentence(clause: string): string {
  return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
}
