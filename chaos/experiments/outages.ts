import type { z } from 'zod';
import type { Topology } from '../../bench/topology/topology.ts';
import { CONDITIONS } from '../../results/names.ts';
import { kill } from '../faults/kill.ts';
import { cutOff } from './condition-fault.ts';
import type { Experiment } from './experiment.ts';
import { contextOf, type MeasureOptions, writeLoadOf } from './measure-options.ts';
import { measureAvailability, type Outage, outageTiming } from './measurements/availability.ts';
import { injectAll } from './measurements/under-fault.ts';
import { canReplaceLeader, hasFollowers, hasObservers, type RoleAssignment, type Stage } from './stage.ts';
import { rounds } from './suite.ts';

const keys = {
  /** Reads of every member during an outage, so many times per topology. */
  availability: outageTiming.extend({ rounds }),
};

/** After an outage, until all members serve; for the estimate alone. */
const RECOVERY_MS = 1_500;

type OutageOptions = z.infer<z.ZodObject<typeof keys>>;

/** Reads of every member and writes at the voters, from before an outage until after its heal. */
export const outages: Experiment<OutageOptions> = {
  name: 'outages',
  description: 'the leader is cut off, then the quorum is lost: which members go on answering reads',
  keys,
  // An outage takes as long as many writes, so no more outages are run than the suite asks for.
  withRounds: ({ availability }, rounds) => ({
    availability: { ...availability, rounds: Math.min(availability.rounds, rounds) },
  }),
  provides: () => ['leaderCut', 'quorumLost'],
  share: 0.93,
  expectedMs({ availability }, { topologies, needs }) {
    const { rounds, beforeMs, afterMs, leaderCutMs, quorumLostMs } = availability;
    const around = beforeMs + afterMs + RECOVERY_MS;
    const ofOne = (topology: Topology) =>
      (needs.has('leaderCut') && canReplaceLeader(topology) ? around + leaderCutMs : 0) +
      (needs.has('quorumLost') ? around + quorumLostMs : 0);
    const watched = topologies.filter(({ members }) => members.some(({ role }) => role === 'observer'));
    return rounds * watched.reduce((sum, each) => sum + ofOne(each), 0);
  },
  async run(options) {
    const { suite, lab, plan } = options;
    await plan.rounds(
      this.name,
      { rounds: suite.availability.rounds, roundsMin: 1, share: this.share },
      // A voter that is alone can be cut off from nobody who would go on. The claims are about observers, and
      // the voters beside them are the control.
      lab.stages
        .filter(stage => hasFollowers(stage) && hasObservers(stage))
        .map(stage => ({ measure: round => outageRound(options, stage, round) })),
    );
  },
};

async function outageRound(
  options: MeasureOptions<OutageOptions>,
  stage: Stage,
  round: number,
): Promise<void> {
  const { suite, needs, cells } = options;
  const { leaderCutMs, quorumLostMs, rounds } = suite.availability;
  const measure = (
    condition: string,
    outageOf: (assignment: RoleAssignment) => Pick<Outage, 'faultName' | 'forMs' | 'inject'>,
  ) =>
    cells.measure({ experiment: outages.name, stage, condition, round, of: rounds }, async () => {
      const assignment = await stage.assignRoles();
      const context = contextOf(options, stage, condition, round);
      const write = writeLoadOf(options);
      await measureAvailability(context, assignment, {
        ...outageOf(assignment),
        timing: suite.availability,
        write,
      });
    });
  if (needs.has('leaderCut') && stage.hasLinks && canReplaceLeader(stage.topology))
    await measure(CONDITIONS.leaderCut, ({ leader }) => ({
      faultName: 'blackhole',
      forMs: leaderCutMs,
      inject: () => cutOff(stage, [leader]).fault.inject(stage.faults),
    }));
  if (needs.has('quorumLost'))
    await measure(CONDITIONS.quorumLost, assignment => ({
      faultName: 'kill',
      forMs: quorumLostMs,
      inject: () => injectAll(quorumKills(stage, assignment), stage.processFaults),
    }));
}

/**
 * Kills just enough followers to leave no majority. The leader lives, and must notice that it has lost its
 * quorum.
 */
function quorumKills(stage: Stage, { leader }: RoleAssignment) {
  const voters = stage.ensemble.members.filter(({ plan }) => plan.role === 'participant');
  const toKill = Math.ceil(voters.length / 2);
  return voters
    .filter(member => member !== leader)
    .slice(0, toKill)
    .map(({ name }) => kill({ target: { name } }));
}
