import { CONDITIONS } from '../../results/names.ts';
import { Evidence, hasMasters, membersText, observersOf } from './judging/evidence.ts';
import type { Pair } from './judging/pair-judgement.ts';
import { timedClaim } from './judging/timed-claim.ts';

const METRIC = 'syncLastLearnerMs';

/** 004-18 with a hundred whole observers on one machine, whose links have no limit. */
export const hundredsServeSooner = timedClaim(
  {
    id: '004-18c',
    title: 'With observer masters a hundred whole observers serve sooner after the leader is lost',
    source: 'Observers guide, observer masters: many observers finish syncing and serve sooner',
    hypothesis:
      'After the loss of the leader every observer serves again, and the last one sooner with masters than without',
    metric: `${METRIC}, with masters over without`,
    unit: 'ratio',
    control: 'the same members without observerMasterPort, as many to a process',
    needs: ['hundreds'],
    rule: { scale: 'ratio', margin: { high: 1 }, tells: { spread: 0.2, holds: 0.7, fails: 1.5 } },
  },
  {
    lacking: 'ensembles with a hundred observers, with observer masters and without',
    pairs({ result }) {
      const { topologies, ...own } = ownOf(result);
      return topologies
        .filter(topology => !hasMasters(topology))
        .flatMap((direct): Pair[] => {
          const masters = topologies.find(each => hasMasters(each) && isLike(each, direct));
          if (masters === undefined || observersOf(direct) === 0) return [];
          return [
            {
              subject: membersText(masters),
              control: 'as many at the leader',
              a: own.series(METRIC, direct, CONDITIONS.leaderKilled),
              aWhat: `sync time of ${direct.name}`,
              b: own.series(METRIC, masters, CONDITIONS.leaderKilled),
              bWhat: `sync time of ${masters.name}`,
            },
          ];
        });
    },
    say: ({ subject, control }, number) =>
      `after the loss of the leader, ${subject} took ${number} the time of ${control} until the last of them served`,
    warnings: () => [
      'all members share the cores of one machine, so masters that share the work of the leader have no more of them',
    ],
  },
);

function ownOf(result: Evidence['result']) {
  const own = new Evidence(result, 'hundreds');
  return { topologies: own.topologies, series: own.series.bind(own) };
}

/** The same members in the same processes, but for the masters. */
function isLike(
  masters: Evidence['topologies'][number],
  { shortForm }: Evidence['topologies'][number],
): boolean {
  return masters.shortForm.replace(' masters=on', '') === shortForm;
}
