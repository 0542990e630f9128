import { CONDITIONS, placeboCondition } from '../../results/names.ts';
import type { Claim } from './claim.ts';
import { observersOf } from './evidence.ts';
import { COUNT_TOLERANCE } from './exact-claim.ts';
import { atLeast, ratioOf } from './timed.ts';
import { short, timedClaim } from './timed-claim.ts';

const SHARE = 0.9;
/** 004-2: observers do not vote, so more of them should not make votes slower. */
export const observersLeaveWritesFlat: Claim = timedClaim(
  {
    id: '004-2',
    title: 'Observers can be added without hurting write throughput',
    source: 'Observers guide, introduction: as many observers as one likes, without harm to the vote',
    hypothesis: `With observers, the same voters commit at least ${SHARE * 100} % of what they commit beside placebos`,
    metric: 'writeThroughput, with observers over voters beside placebo observers',
    unit: 'ratio',
    control: 'the same voters alone, beside processes that burn as much CPU as the observers did',
    needs: ['healthy', 'placeboObservers'],
  },
  {
    pairs: evidence =>
      evidence.withObservers.map(topology => {
        const condition = placeboCondition(observersOf(topology));
        return {
          topology: topology.name,
          // Without placebos the voters alone would win by the CPU that the observers use, whatever voting
          // costs.
          a: evidence.series('writeThroughput', evidence.votersLike(topology), condition),
          aWhat: `write throughput of the voters, ${condition}`,
          b: evidence.series('writeThroughput', topology, CONDITIONS.healthy),
          bWhat: `write throughput of ${topology.name}`,
        };
      }),
    test: (a, b) => atLeast(a, b, SHARE),
    estimate: ratioOf,
    worst: 'lowest',
    say: ({ topology }, { value }) =>
      `${topology} committed ${short(value)} times the writes of the same voters beside placebo observers`,
    exact(pairs) {
      const counts = pairs.flatMap(({ topology, a, b }) => [
        { name: 'acks to the leader per write, beside placebos', value: a.counts.acksToLeaderPerWrite },
        { name: `acks to the leader per write, ${topology}`, value: b.counts.acksToLeaderPerWrite },
      ]);
      const known = counts.flatMap(({ name, value }) =>
        value === undefined ? [] : [{ name, value, unit: 'messages' }],
      );
      const more = pairs.find(
        ({ a, b }) =>
          (b.counts.acksToLeaderPerWrite ?? 0) >
          (a.counts.acksToLeaderPerWrite ?? Infinity) * (1 + COUNT_TOLERANCE),
      );
      return {
        counts: known,
        ...(more && {
          contradiction: `with observers the leader hears more acks per write in ${more.topology}`,
        }),
      };
    },
    warnings: ({ result }) => [
      `leader, followers, observers, proxy and load share ${result.environment.cores} cores; the leader also sends each ` +
        'write to every observer, which a placebo does not ask of it',
    ],
  },
);
