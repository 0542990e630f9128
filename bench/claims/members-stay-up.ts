import type { Death } from '../../results/schema.ts';
import type { Claim, Judgement } from './claim.ts';

const DEATHS_NAMED_MAX = 3;

/** A server that dies under load was not measured, and readers of the numbers must know that it died. */
export const membersStayUp: Claim = {
  id: 'L5',
  title: 'No member ended by itself',
  source: 'zklab’s own: a cell in which a member died says nothing about throughput',
  hypothesis: 'Every process of a member runs until the lab ends it',
  metric: 'members that ended by themselves',
  unit: 'processes',
  control: 'none; every single one is a counterexample',
  needs: [],
  judge({ result: { deaths, topologies, measurements } }): Judgement {
    if (deaths === undefined)
      return {
        verdict: 'not shown here',
        reason: 'This run did not record how the processes of its members ended.',
        evidence: [],
      };
    if (deaths.length > 0) return { verdict: 'fails', reason: `${deathsText(deaths)}.`, evidence: [] };
    // A run that started no member proves nothing about the members that it names.
    if (measurements.length === 0)
      return {
        verdict: 'not shown here',
        reason: 'This run measured nothing, so no member had to stay up.',
        evidence: [],
      };
    const members = topologies.reduce((sum, topology) => sum + topology.members.length, 0);
    const reason = `All ${members} members ran until the lab ended them.`;
    return { verdict: 'holds', reason, evidence: [] };
  },
};

function deathsText(deaths: readonly Death[]): string {
  const named = deaths
    .slice(0, DEATHS_NAMED_MAX)
    .map(
      ({ topology, member, exit, during }) =>
        `Member ${member} of ${topology} ended with ${exit} during ${during}`,
    );
  const more = deaths.length - named.length;
  return [...named, ...(more > 0 ? [`So did ${more} more`] : [])].join('. ');
}
