/** The phase of chaos: injects the faults of a schedule by their times, or each into a healthy ensemble. */
import { untilReady } from '../../bench/topology/readiness.ts';
import type { EventSink } from '../../results/events.ts';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { type NemesisReport, runNemesis } from '../faults/nemesis/nemesis.ts';
import type { MeshedEnsemble } from '../meshed-ensemble.ts';
import { waitMs } from '../wait.ts';
import { type Group, groupsOf } from './groups.ts';
import type { Schedule } from './schedule.ts';

export interface ChaosReport extends NemesisReport {
  /** A fault could not be healed, and the ensemble can show nothing more about the server. */
  readonly unhealed?: string | undefined;
  /** What did not serve again between two faults, so that no more were injected. */
  readonly unsettled?: string | undefined;
}

export interface ChaosOptions {
  readonly topology: string;
  readonly seed: number;
  readonly events: EventSink;
  /** Ends the phase: what is in force is healed, and no more is injected. */
  readonly signal: AbortSignal;
  /** How long the ensemble may take to serve again, where a schedule waits for that. */
  readonly settleMaxMs: number;
}

export async function chaosPhase(
  { steps, settles }: Pick<Schedule, 'steps' | 'settles'>,
  { ensemble, client, mesh, faultMembers: members }: MeshedEnsemble,
  { topology, seed, events, signal, settleMaxMs }: ChaosOptions,
): Promise<ChaosReport> {
  const context = { client, mesh, members, random: new SeededRandom(`faults ${seed}`) };
  const groups: Group[] = settles ? groupsOf(steps) : [{ fromMs: 0, steps }];
  const outcomes: NemesisReport['outcomes'][number][] = [];
  const voidReasons: string[] = [];
  let endMs = 0;
  let first = 0;
  for (const group of groups) {
    await waitMs(group.fromMs - endMs, signal);
    if (signal.aborted) break;
    try {
      if (settles) await untilReady(ensemble.members, settleMaxMs, { signal });
    } catch (error) {
      const [unsettled] = (error as Error).message.split('\n');
      return { outcomes, voidReasons, ...(signal.aborted ? {} : { unsettled }) };
    }
    try {
      const rounds = { first, of: steps.length };
      const report = await runNemesis(group.steps, context, {
        ...{ topology, events, signal, rounds, fromMs: group.fromMs },
      });
      outcomes.push(...report.outcomes);
      voidReasons.push(...report.voidReasons);
    } catch (error) {
      return { outcomes, voidReasons, unhealed: (error as Error).message };
    }
    first += group.steps.length;
    endMs = Math.max(...group.steps.map(({ atMs, forMs }) => atMs + forMs));
  }
  return { outcomes, voidReasons };
}
