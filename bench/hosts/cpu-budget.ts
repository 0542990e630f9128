/**
 * Limits one process to a share of the cores, with a group of its own under the `cpu` controller of cgroups,
 * version 1 or 2, and counts how often that limit stopped it.
 */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CpuController, findCpuController, quotaOf } from './cpu-controller.ts';
import { cleanUpWithLab } from './end-with-lab.ts';
import { stateOf } from './process-state.ts';

/** What the kernel counted since the budget was set. A period counts only when the process wanted to run. */
export interface BudgetUse {
  readonly periods: number;
  /** Periods in which the process used up its share and had to wait for the next. */
  readonly throttled: number;
}

export interface CpuBudget {
  readonly cores: number;
  use(): BudgetUse;
  /** Moves the process back and removes the group, once; so does the end of the lab. */
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
  removeLeftGroups(controller);
  const group = join(controller.folder, `${PREFIX}${process.pid}-${pid}`);
  const read = (): BudgetUse => {
    const stat = readFileSync(join(group, 'cpu.stat'), 'utf8');
    return { periods: statOf(stat, 'nr_periods'), throttled: statOf(stat, 'nr_throttled') };
  };
  mkdirSync(group);
  const remove = () => removeGroup(controller, group);
  const forget = cleanUpWithLab(remove);
  let isLifted = false;
  const lift = () => {
    if (isLifted) return;
    isLifted = true;
    forget();
    remove();
  };
  try {
    controller.limit(group, quota);
    writeFileSync(join(group, 'cgroup.procs'), String(pid));
    const from = read();
    const use = () => {
      const { periods, throttled } = read();
      return { periods: periods - from.periods, throttled: throttled - from.throttled };
    };
    return { cores, use, lift };
  } catch (error) {
    lift();
    throw error;
  }
}

const PREFIX = 'zklab-';

/** Removes what killed labs left, if there are groups on this machine. */
export function removeLeftBudgets(): void {
  const controller = findCpuController();
  if (typeof controller !== 'string') removeLeftGroups(controller);
}

/** Groups of labs that were killed. One with a process in it cannot be removed, and does not have to be. */
function removeLeftGroups({ folder }: CpuController): void {
  for (const name of readdirSync(folder)) {
    const lab = /^zklab-(\d+)-\d+$/.exec(name)?.[1];
    if (lab === undefined || stateOf(Number(lab)) !== 'gone') continue;
    try {
      rmdirSync(join(folder, name));
    } catch {
      // Another lab has removed it, or its process still ends.
    }
  }
}

function removeGroup({ folder }: CpuController, group: string): void {
  // Move the remaining processes back to the lab's group: only an empty group can be removed.
  for (const task of readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) {
    try {
      writeFileSync(join(folder, 'cgroup.procs'), task);
    } catch {
      // The process has ended in the meantime.
    }
  }
  rmdirSync(group);
}

/** 0 for a key that this kernel does not have. */
function statOf(stat: string, key: string): number {
  return Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0);
}
