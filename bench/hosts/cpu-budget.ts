/**
 * Limits one process to a share of the cores, with a group of its own under the `cpu` controller of cgroups,
 * version 1 or 2, and counts how often that limit stopped it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { controlGroup, countOf, removeLeftGroups } from './control-group.ts';
import { type CpuController, findCpuController, quotaOf } from './cpu-controller.ts';

/** What the kernel counted since the budget was set. A period counts only when the process wanted to run. */
export interface BudgetUse {
  readonly periods: number;
  /** Periods in which the process used up its share and had to wait for the next. */
  readonly throttled: number;
}

export interface CpuBudget {
  readonly cores: number;
  use(): BudgetUse;
  /** Moves the process back and removes the group, once. The end of the lab does the same. */
  lift(): void;
}

/** Why budgets cannot be given; undefined if they can. */
export function noCpuBudget(): string | undefined {
  const found = findCpuController();
  return typeof found === 'string' ? found : undefined;
}

/**
 * Limits the whole process with its threads and its later children.
 * @throws RangeError for a share that the kernel cannot give, Error when budgets are not available
 */
export function limitCpu(
  pid: number,
  cores: number,
  controller: CpuController | string = findCpuController(),
): CpuBudget {
  const quota = quotaOf(cores);
  if (typeof controller === 'string') throw new Error(controller);
  const { folder } = controller;
  const group = controlGroup(pid, { folder, prefix: PREFIX, home: folder }, path =>
    controller.limit(path, quota),
  );
  const use = (): BudgetUse => {
    const stat = readFileSync(join(group.folder, 'cpu.stat'), 'utf8');
    return { periods: countOf(stat, 'nr_periods'), throttled: countOf(stat, 'nr_throttled') };
  };
  return { cores, use, lift: () => group.lift() };
}

const PREFIX = 'zklab-';

/** Removes what killed labs left, if there are groups on this machine. */
export function removeLeftBudgets(): void {
  const controller = findCpuController();
  if (typeof controller !== 'string') removeLeftGroups(controller.folder, PREFIX);
}
