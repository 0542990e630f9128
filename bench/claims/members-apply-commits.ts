import { CONDITIONS } from '../../results/names.ts';
import type { Claim } from './claim.ts';
import { exactClaim, worstOf } from './judging/exact-claim.ts';

/** An observer whose master passes nothing on costs nothing, so every claim about cost would hold. */
export const membersApplyCommits: Claim = exactClaim(
  {
    id: 'L7',
    title: 'Every member applies what the leader committed',
    source: 'zklab’s own; observers guide: observers hear the results of votes',
    hypothesis: 'Five seconds after a load, no member of a healthy ensemble is behind the leader',
    metric: 'membersBehind, in all rounds',
    unit: 'members',
    control: 'none; every single one is a counterexample',
    needs: ['healthy'],
  },
  {
    counted: evidence =>
      evidence.topologies.map(topology => ({
        what: topology.name,
        series: evidence.series('writeThroughput', topology, CONDITIONS.healthy),
        keys: ['membersBehind'],
      })),
    find: (counts, evidence) =>
      worstOf(
        counts.map(({ membersBehind }, index) => ({
          holds: membersBehind === 0,
          value: membersBehind!,
          reason:
            membersBehind === 0
              ? 'After every load all members caught up with the leader.'
              : `In ${evidence.topologies[index]!.name}, ${membersBehind} times a member was still behind the leader seconds after a load.`,
        })),
      ),
  },
);
