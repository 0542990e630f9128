/**
 * Proves that CPU budgets, and nothing else, bounded an ensemble during a window: the leader used up its own,
 * and the machine had time left.
 */
import type { CpuBudget } from '../hosts/cpu-budget.ts';
import type { Host } from '../hosts/host.ts';
import { machineUse } from '../hosts/machine-cpu.ts';

/** Shares of a window, 0 to 1; undefined where the machine does not tell. */
export interface BudgetShares {
  /** Of the periods in which the leader wanted to run: those in which it had to wait for the next. */
  readonly throttled: number | undefined;
  readonly idle: number | undefined;
  readonly steal: number | undefined;
}

/** Begins a window of a leader on `host`. The function that it returns ends it. */
export function budgetShares(
  leader: CpuBudget | undefined,
  host: Pick<Host, 'machineTicks'>,
): () => BudgetShares {
  const from = leader?.use();
  const ticks = host.machineTicks();
  return () => {
    const to = leader?.use();
    const periods = from && to ? to.periods - from.periods : 0;
    const use = machineUse(ticks, host.machineTicks());
    return {
      throttled: from && to && periods > 0 ? (to.throttled - from.throttled) / periods : undefined,
      idle: use?.idle,
      steal: use?.steal,
    };
  };
}

const THROTTLED_MIN = 0.8;
const IDLE_MIN = 0.15;
const STEAL_MAX = 0.02;

/** Why a window does not count, one sentence each. Without budgets there is nothing to prove. */
export function overBudget({ throttled, idle, steal }: BudgetShares): string[] {
  if (throttled === undefined) return [];
  const reasons: string[] = [];
  if (throttled < THROTTLED_MIN)
    reasons.push(
      `the leader used up its CPU budget in ${percent(throttled)} of the periods, at least ${percent(THROTTLED_MIN)} are needed`,
    );
  if (idle !== undefined && idle < IDLE_MIN)
    reasons.push(
      `the machine was idle for ${percent(idle)} of the time, at least ${percent(IDLE_MIN)} are needed`,
    );
  if (steal !== undefined && steal > STEAL_MAX)
    reasons.push(
      `another machine had the cores for ${percent(steal)} of the time, at most ${percent(STEAL_MAX)} are accepted`,
    );
  return reasons;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
