/** Whether a process of this machine runs, is paused, or is gone. */
import { readdirSync, readFileSync } from 'node:fs';

export type ProcessState = 'running' | 'stopped' | 'gone';

export function stateOf(pid: number): ProcessState {
  if (!isRunning(pid)) return 'gone';
  return isStopped(pid) ? 'stopped' : 'running';
}

/**
 * Whether a process with this pid exists and is more than an uncollected zombie. Its first thread may be a
 * zombie while others still end: until then its sockets are open, and a killed server still accepts
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
    // Either this system has no /proc, or the process ended in between. On Linux it is the latter.
    return process.platform !== 'linux';
  }
}

/**
 * Whether every thread of the process is stopped. On a busy machine some run for a while after the signal.
 */
export function isStopped(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  try {
    return readdirSync(tasks).every(task => {
      const stat = readFileSync(`${tasks}/${task}/stat`, 'latin1');
      return /^[Tt]/.test(stat.slice(stat.lastIndexOf(')') + 2));
    });
  } catch {
    // A thread ended in between, or this system has no /proc; then the signal alone must do.
    return process.platform !== 'linux';
  }
}
