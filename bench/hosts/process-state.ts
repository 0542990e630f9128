/** Whether a process of this machine runs, stands still, or is gone. */
import { readdirSync, readFileSync } from 'node:fs';

export type ProcessState = 'running' | 'stopped' | 'gone';

export function stateOf(pid: number): ProcessState {
  if (!isRunning(pid)) return 'gone';
  return isStopped(pid) ? 'stopped' : 'running';
}

/**
 * Whether a process of that id exists and is more than a zombie nobody has collected yet. Its first thread
 * may be one while others still end: until then its sockets are open, and a killed server still accepts
 * connections.
 */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const state = /^State:\s+(\w)/m.exec(status)?.[1];
    const threads = Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]);
    return (state !== 'Z' && state !== 'X') || threads > 1;
  } catch {
    // No /proc on this system, or gone in between: on Linux the second.
    return process.platform !== 'linux';
  }
}

/**
 * Whether every thread of the process stands still: on a busy machine some go on for a while after the
 * signal.
 */
export function isStopped(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  try {
    return readdirSync(tasks).every(task => {
      const stat = readFileSync(`${tasks}/${task}/stat`, 'latin1');
      return /^[Tt]/.test(stat.slice(stat.lastIndexOf(')') + 2));
    });
  } catch {
    // A thread ended in between, or no /proc on this system: there the signal alone must do.
    return process.platform !== 'linux';
  }
}
