import { CONDITIONS, RIVALS } from '../../results/names.ts';
import { Evidence, membersText } from './judging/evidence.ts';
import { timedClaim } from './judging/timed-claim.ts';

const METRIC = 'syncFirstWriteMs';
/** Half of a failover is the 200 ms that an election waits for a better vote, with both servers. */
const MARGIN = 0.8;

/** How long an ensemble without its leader commits nothing. */
export const failsOverSooner = timedClaim(
  {
    id: 'L16',
    title: 'After its leader is killed, an ensemble commits again sooner than one of Apache ZooKeeper',
    source: 'zklab’s own',
    hypothesis: `From the kill of the leader until a write commits, an ensemble takes at most ${MARGIN}× the time that one of Apache ZooKeeper takes`,
    metric: `${METRIC}, ours over Apache ZooKeeper’s`,
    unit: 'ratio',
    control: 'the same members with Apache ZooKeeper’s server, rounds interleaved',
    needs: ['failovers'],
    rule: { scale: 'ratio', margin: { high: MARGIN }, tells: { spread: 0.25, holds: 0.6, fails: 1.1 } },
  },
  {
    lacking: 'ensembles of both servers; Apache ZooKeeper may not be installed',
    pairs({ result }) {
      const own = new Evidence(result, 'rivals');
      const [ours, apache] = [RIVALS.zklab, RIVALS.apache].map(name =>
        own.topologies.find(topology => topology.name === name),
      );
      if (ours === undefined || apache === undefined) return [];
      return [
        {
          subject: `${membersText(ours)} of ours`,
          control: 'as many of Apache ZooKeeper',
          a: own.series(METRIC, apache, CONDITIONS.leaderKilled),
          aWhat: `failovers of ${apache.name}`,
          b: own.series(METRIC, ours, CONDITIONS.leaderKilled),
          bWhat: `failovers of ${ours.name}`,
        },
      ];
    },
    say: ({ subject, control }, number) =>
      `after the kill of the leader, ${subject} took ${number} the time of ${control} until a write committed`,
  },
);
