/** A control group (cgroup) for one process, for as long as the process is limited. */
import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cleanUpWithLab } from './end-with-lab.ts';
import { stateOf } from './process-state.ts';

export interface ControlGroup {
  readonly folder: string;
  /** Moves the process back and removes the group, once. The end of the lab does the same. */
  lift(): void;
}

export interface GroupPlace {
  /** Of the controller. The group is made in it. */
  readonly folder: string;
  /** Begins the names of all groups of this kind. The ids of the lab and of the process follow. */
  readonly prefix: string;
  /** Folder of the group to which the process returns. */
  readonly home: string;
}

/** A process that ends stays in its group for a moment after it has left the list of processes. */
const REMOVE_TRIES_MAX = 50;
const REMOVE_PAUSE_MS = 10;

/** @param limit writes the limits into the folder of the group, before the process comes */
export function controlGroup(
  pid: number,
  { folder, prefix, home }: GroupPlace,
  limit: (group: string) => void,
): ControlGroup {
  removeLeftGroups(folder, prefix);
  const group = join(folder, `${prefix}${process.pid}-${pid}`);
  mkdirSync(group);
  const remove = () => removeGroup(group, home);
  const forget = cleanUpWithLab(remove);
  let isLifted = false;
  const lift = () => {
    if (isLifted) return;
    isLifted = true;
    forget();
    remove();
  };
  try {
    limit(group);
    writeFileSync(join(group, 'cgroup.procs'), String(pid));
    return { folder: group, lift };
  } catch (error) {
    lift();
    throw error;
  }
}

/** A number in a file of `key value` lines. 0 for a key that this kernel does not have. */
export function countOf(text: string, key: string): number {
  return Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}

/**
 * Why no group can be made in the folder; undefined if one can.
 * @param what needs the group, in the plural
 */
export function notWritable(folder: string, what: string): string | undefined {
  try {
    accessSync(folder, constants.W_OK);
    return undefined;
  } catch {
    return `${folder} cannot be written, and ${what} need that; run as root`;
  }
}

/** Groups of labs that were killed. One with a process in it cannot be removed, and does not have to be. */
export function removeLeftGroups(folder: string, prefix: string): void {
  const name = new RegExp(`^${prefix}(\\d+)-\\d+$`);
  for (const found of readdirSync(folder)) {
    const lab = name.exec(found)?.[1];
    if (lab === undefined || stateOf(Number(lab)) !== 'gone') continue;
    try {
      rmdirSync(join(folder, found));
    } catch {
      // Another lab has removed it, or its process still ends.
    }
  }
}

/** Only an empty group can be removed. One that stays busy does no harm, and a later lab removes it. */
function removeGroup(group: string, home: string): void {
  for (let tries = 1; tries <= REMOVE_TRIES_MAX; tries++) {
    moveAll(group, home);
    try {
      rmdirSync(group);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, REMOVE_PAUSE_MS);
  }
}

function moveAll(group: string, home: string): void {
  for (const task of readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) {
    try {
      writeFileSync(join(home, 'cgroup.procs'), task);
    } catch {
      // The process has ended in the meantime.
    }
  }
}
