/**
 * Limits one process to a share of the cores, with its own group under the `cpu` controller of cgroups,
 * version 1.
 */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cleanUpWithLab } from './end-with-lab.ts';

const CONTROLLER = '/sys/fs/cgroup/cpu';
/**
 * Short, so that no member is stopped for long. With the kernel's default of 100 ms, a ping could come too
 * late.
 */
export const PERIOD_US = 10_000;
/** Limit of the kernel. */
const QUOTA_US_MIN = 1_000;

/** Why budgets cannot be given; undefined if they can. */
export function noCpuBudget(controller = CONTROLLER): string | undefined {
  if (!existsSync(join(controller, 'cpu.cfs_quota_us')))
    return `no ${controller}/cpu.cfs_quota_us: budgets need the cpu controller of cgroups, version 1`;
  try {
    accessSync(controller, constants.W_OK);
    return undefined;
  } catch {
    return `${controller} may not be written: budgets need root`;
  }
}

/** @throws RangeError for a share that the kernel cannot keep */
export function quotaUs(cores: number): number {
  const quota = Math.round(cores * PERIOD_US);
  if (!(quota >= QUOTA_US_MIN))
    throw new RangeError(`${cores} cores: at least ${QUOTA_US_MIN / PERIOD_US} are accepted`);
  return quota;
}

/**
 * Limits the whole process with its threads and its later children. Lifting the limit moves the process back
 * and removes the group; so does the end of the lab.
 */
export function limitCpu(pid: number, cores: number, controller = CONTROLLER): () => void {
  const quota = quotaUs(cores);
  const problem = noCpuBudget(controller);
  if (problem !== undefined) throw new Error(problem);
  const group = join(controller, `zklab-${process.pid}-${pid}`);
  const lift = () => {
    forget();
    // Move the remaining processes back to the lab's group: only an empty group can be removed.
    for (const task of readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) {
      try {
        writeFileSync(join(controller, 'cgroup.procs'), task);
      } catch {
        // The process has ended in the meantime.
      }
    }
    rmdirSync(group);
  };
  mkdirSync(group);
  const forget = cleanUpWithLab(lift);
  try {
    writeFileSync(join(group, 'cpu.cfs_period_us'), String(PERIOD_US));
    writeFileSync(join(group, 'cpu.cfs_quota_us'), String(quota));
    writeFileSync(join(group, 'cgroup.procs'), String(pid));
  } catch (error) {
    lift();
    throw error;
  }
  return lift;
}
