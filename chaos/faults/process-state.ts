import { readFileSync } from 'node:fs';

/** Whether a process of that id exists and is more than a zombie nobody has collected yet. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    const state = /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return state !== 'Z' && state !== 'X';
  } catch {
    // No /proc on this system, or gone in between: on Linux the second.
    return process.platform !== 'linux';
  }
}
