/**
 * Limits the memory that one process takes from now on, with a group of its own under the `memory` controller
 * of cgroups, version 1 or 2, and counts how often the kernel had to take memory back for that.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { controlGroup, countOf, notWritable, removeLeftGroups } from './control-group.ts';

/** What the kernel counted since the limit was set. */
export interface MemoryPressure {
  /** How often the process reached the limit and had to give memory back, or wait for it. */
  readonly limited: number;
  /** Processes of the group that were killed for want of memory. */
  readonly killed: number;
}

export interface MemoryLimit {
  readonly bytes: number;
  pressure(): MemoryPressure;
  /** Moves the process back and removes the group, once. The end of the lab does the same. */
  lift(): void;
}

/** Version 2 slows the process down above the limit; version 1 kills it when it has nothing to give back. */
export interface MemoryController {
  readonly folder: string;
  readonly version: 1 | 2;
}

const ROOT = '/sys/fs/cgroup';
/** A Node.js process with less memory cannot even answer. */
const BYTES_MIN = 1024 * 1024;
const PREFIX = 'zklab-memory-';
/** As sentences about what is missing name it. */
const LIMITS = 'limits of memory';

/** Why memory cannot be limited; undefined if it can. */
export function noMemoryLimit(root = ROOT): string | undefined {
  const found = findMemoryController(root);
  return typeof found === 'string' ? found : undefined;
}

/** @returns why there is none that can be used, as a sentence without its period, if so */
export function findMemoryController(root = ROOT): MemoryController | string {
  const version1 = join(root, 'memory');
  if (existsSync(join(version1, 'memory.limit_in_bytes')))
    return notWritable(version1, LIMITS) ?? { folder: version1, version: 1 };
  const list = join(root, 'cgroup.controllers');
  if (!existsSync(list) || !readFileSync(list, 'utf8').split(/\s+/).includes('memory'))
    return `${root} has no memory controller of cgroups, version 1 or 2, and ${LIMITS} need one`;
  const refused = notWritable(root, LIMITS);
  if (refused !== undefined) return refused;
  try {
    writeFileSync(join(root, 'cgroup.subtree_control'), '+memory');
    return { folder: root, version: 2 };
  } catch (error) {
    return `${root} does not pass its memory controller on (${(error as Error).message}), and ${LIMITS} need it`;
  }
}

/**
 * Limits what the process takes in addition to what it has, which the kernel does not count anew.
 * @throws RangeError for a limit that ends every process, Error when memory cannot be limited
 */
export function limitMemory(
  pid: number,
  bytes: number,
  controller: MemoryController | string = findMemoryController(),
): MemoryLimit {
  if (!(bytes >= BYTES_MIN))
    throw new RangeError(`a limit of ${bytes} bytes of memory: at least ${BYTES_MIN} are accepted`);
  if (typeof controller === 'string') throw new Error(controller);
  const { folder, version } = controller;
  const file = version === 1 ? 'memory.limit_in_bytes' : 'memory.high';
  const group = controlGroup(pid, { folder, prefix: PREFIX, home: groupOf(pid, controller) }, path =>
    writeFileSync(join(path, file), String(Math.ceil(bytes))),
  );
  let last: MemoryPressure = { limited: 0, killed: 0 };
  let isLifted = false;
  const pressure = () => {
    // After the process and its group are gone, the last counts stand.
    if (!isLifted) last = pressureOf(group.folder, controller);
    return last;
  };
  const lift = () => {
    pressure();
    isLifted = true;
    group.lift();
  };
  return { bytes, pressure, lift };
}

function pressureOf(group: string, { version }: MemoryController): MemoryPressure {
  const text = (file: string) => readFileSync(join(group, file), 'utf8');
  if (version === 1)
    return {
      limited: Number(text('memory.failcnt')),
      killed: countOf(text('memory.oom_control'), 'oom_kill'),
    };
  const events = text('memory.events');
  return { limited: countOf(events, 'high'), killed: countOf(events, 'oom_kill') };
}

/** The folder of the group that the process is in, to which it returns. */
function groupOf(pid: number, { folder, version }: MemoryController): string {
  const line = version === 1 ? /^\d+:(?:.*,)?memory(?:,.*)?:(.+)$/m : /^0::(.+)$/m;
  const path = line.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '/';
  const group = join(folder, path);
  // In a container the path may be one of its host.
  return existsSync(join(group, 'cgroup.procs')) ? group : folder;
}

/** Removes what killed labs left, if there are groups on this machine. */
export function removeLeftLimits(): void {
  const controller = findMemoryController();
  if (typeof controller !== 'string') removeLeftGroups(controller.folder, PREFIX);
}
