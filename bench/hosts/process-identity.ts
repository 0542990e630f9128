/**
 * Identifies a process beyond its pid. Pids are reused, so nothing is killed by its pid alone. Linux, from
 * /proc.
 */
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** In clock ticks since the machine booted. */
  readonly startTime: string;
}

/** Undefined when there is no such process, or only its zombie. @see proc(5) */
export function identityOf(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, field 2, is in parentheses and may contain anything. State is field 3, starttime field 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state = ''] = fields;
    const startTime = fields[19];
    return startTime === undefined || 'ZX'.includes(state) ? undefined : { pid, startTime };
  } catch {
    return undefined;
  }
}

export function isSameProcess({ pid, startTime }: ProcessIdentity): boolean {
  return identityOf(pid)?.startTime === startTime;
}

/** The arguments of the process, separated by spaces; empty if it is gone. */
export function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** Signals the process group of `leader`; returns false when nobody of it is left. */
export function signalGroup(leader: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
