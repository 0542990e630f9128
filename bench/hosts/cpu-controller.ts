/** Finds the `cpu` controller of cgroups on this machine, and writes limits in the form of its version. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { notWritable } from './control-group.ts';

export interface CpuController {
  /** Groups are made directly in it. */
  readonly folder: string;
  limit(group: string, quota: Quota): void;
}

export interface Quota {
  readonly quotaUs: number;
  readonly periodUs: number;
}

const ROOT = '/sys/fs/cgroup';
/** As sentences about what is missing name it. */
const BUDGETS = 'CPU budgets';
/**
 * Short, so that no member is stopped for long. With the kernel's default of 100 ms, a ping could come too
 * late.
 */
const PERIOD_MIN_US = 5_000;
/** Limits of the kernel. */
const QUOTA_MIN_US = 1_000;
const PERIOD_MAX_US = 1_000_000;
const CORES_MIN = QUOTA_MIN_US / PERIOD_MAX_US;

/** The shortest period in which the kernel can give this share. @throws RangeError */
export function quotaOf(cores: number): Quota {
  if (!(cores >= CORES_MIN))
    throw new RangeError(`budget of ${cores} cores: at least ${CORES_MIN} cores are accepted`);
  const periodUs = Math.max(PERIOD_MIN_US, Math.ceil(QUOTA_MIN_US / cores));
  return { quotaUs: Math.round(cores * periodUs), periodUs };
}

/** @returns why there is none that can be used, as a sentence without its period, if so */
export function findCpuController(root = ROOT): CpuController | string {
  const version1 = ['cpu', 'cpu,cpuacct']
    .map(name => join(root, name))
    .find(folder => existsSync(join(folder, 'cpu.cfs_quota_us')));
  if (version1 !== undefined)
    return notWritable(version1, BUDGETS) ?? { folder: version1, limit: limitVersion1 };
  if (!listed(join(root, 'cgroup.controllers')))
    return `${root} has no cpu controller of cgroups, version 1 or 2, and ${BUDGETS} need one`;
  const refused = notWritable(root, BUDGETS);
  if (refused !== undefined) return refused;
  try {
    // Groups directly below the root get the files of a controller only once it is passed on to them.
    if (!listed(join(root, 'cgroup.subtree_control')))
      writeFileSync(join(root, 'cgroup.subtree_control'), '+cpu');
    return { folder: root, limit: limitVersion2 };
  } catch (error) {
    return `${root} does not pass its cpu controller on (${(error as Error).message}), and ${BUDGETS} need it`;
  }
}

function limitVersion1(group: string, { quotaUs, periodUs }: Quota): void {
  writeFileSync(join(group, 'cpu.cfs_period_us'), String(periodUs));
  writeFileSync(join(group, 'cpu.cfs_quota_us'), String(quotaUs));
}

function limitVersion2(group: string, { quotaUs, periodUs }: Quota): void {
  writeFileSync(join(group, 'cpu.max'), `${quotaUs} ${periodUs}`);
}

/** Whether a list of controllers has `cpu` in it. */
function listed(file: string): boolean {
  return existsSync(file) && readFileSync(file, 'utf8').split(/\s+/).includes('cpu');
}
