/**
 * CPU time and memory of a process of this machine, from /proc. On other systems than Linux a sample is null.
 */
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessSample {
  atMs: number;
  /** User and system time since the process started. */
  cpuMs: number;
  rssBytes: number;
}

/** USER_HZ: the unit of /proc/<pid>/stat. It is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Null when the process is gone or the machine has no /proc. Resolution of `cpuMs`: 10 ms. */
export function sampleProcess(pid: number, atMs: number = performance.now()): ProcessSample | null {
  try {
    const file = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'latin1');
    return { atMs, cpuMs: cpuMsOf(file('stat')), rssBytes: rssBytesOf(file('status')) };
  } catch {
    return null;
  }
}

/** Open file descriptors; null when the process is gone, or the machine does not tell. */
export function handlesOf(pid: number): number | null {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return null;
  }
}

/**
 * CPU time of the threads that a process has now, in ms with a resolution of ns; null where the kernel does
 * not report it. Threads that have ended are not in it, so it is for servers that keep theirs.
 */
export function threadsCpuMs(pid: number): number | null {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    const ns = tasks.map(task =>
      Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0]),
    );
    return ns.reduce((sum, each) => sum + each, 0) / 1e6;
  } catch {
    return null;
  }
}

/** The name, field 2, is in parentheses and may contain anything, even parentheses. @see proc(5) */
export function cpuMsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return (ticks * 1000) / TICKS_PER_SECOND;
}

/**
 * Reads `status`, which counts in kB; `stat` counts in pages, whose size depends on the machine. A zombie has
 * none.
 */
export function rssBytesOf(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
