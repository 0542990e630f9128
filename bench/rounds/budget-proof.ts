/**
 * Proves that CPU budgets, and nothing else, bounded an ensemble during a window: the members that matter
 * used up theirs, and the machine had time left.
 */
import type { CpuBudget } from '../hosts/cpu-budget.ts';
import type { Host } from '../hosts/host.ts';
import { machineUse } from '../hosts/machine-cpu.ts';

/** Shares of a window, 0 to 1; undefined where the machine does not tell. */
export interface BudgetShares {
  /**
   * Of the periods in which a member wanted to run: those in which it had to wait for the next. Of several
   * members, the lowest.
   */
  readonly throttled: number | undefined;
  readonly idle: number | undefined;
  readonly steal: number | undefined;
}

/**
 * Begins a window. The function that it returns ends it.
 * @param budgets of the members that must use up theirs; none where it cannot give budgets
 * @param host whose idle and stolen time counts
 */
export function budgetShares(
  budgets: readonly CpuBudget[],
  host: Pick<Host, 'machineTicks'>,
): () => BudgetShares {
  const before = budgets.map(budget => budget.use());
  const ticks = host.machineTicks();
  return () => {
    const shares = budgets.flatMap((budget, index) => {
      const [from, to] = [before[index]!, budget.use()];
      const periods = to.periods - from.periods;
      return periods > 0 ? [(to.throttled - from.throttled) / periods] : [];
    });
    const use = machineUse(ticks, host.machineTicks());
    return {
      throttled: shares.length === 0 ? undefined : Math.min(...shares),
      idle: use?.idle,
      steal: use?.steal,
    };
  };
}

const THROTTLED_MIN = 0.8;
const IDLE_MIN = 0.15;
const STEAL_MAX = 0.02;

/**
 * Why a window does not count, one sentence each. Without budgets there is nothing to prove.
 * @param who had to use up its budget
 */
export function overBudget(shares: BudgetShares, who = 'the leader'): string[] {
  const { throttled, idle } = shares;
  const spoilt = spoiltByMachine(shares);
  if (throttled === undefined || throttled >= THROTTLED_MIN) return spoilt;
  const used = `${who} used up its CPU budget in ${percent(throttled)} of the periods, at least ${percent(THROTTLED_MIN)} are needed`;
  // A busy machine keeps a member from its budget. On an idle one, CPU is not what the member lacked.
  const isWaiting = idle !== undefined && spoilt.length === 0;
  return [isWaiting ? `${used}: it waited for something else than CPU` : used, ...spoilt];
}

/**
 * The same for a window under a fault. There a member that its budget bounds no longer is what the fault did,
 * and a leader that writes nothing at all is a counter-example.
 */
export function spoiltByMachine({ throttled, idle, steal }: BudgetShares): string[] {
  if (throttled === undefined) return [];
  const reasons: string[] = [];
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
