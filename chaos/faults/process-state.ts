import { readFileSync } from 'node:fs';

/**
 * Whether a process of that id exists and is more than a zombie nobody has collected yet. Its first thread may be one
 * while others still end: until then its sockets are open, and a killed server still accepts connections.
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
