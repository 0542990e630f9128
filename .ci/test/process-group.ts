import { readdirSync, readFileSync } from 'node:fs';

/** False when a process of the group, other than its leader, outlives the grace period. */
export async function childrenEnd(group: number, graceMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + graceMs;
  while (groupMembers(group).some(pid => pid !== group)) {
    if (performance.now() > giveUpAt) return false;
    await new Promise(resume => setTimeout(resume, 20));
  }
  return true;
}

export function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // already gone
  }
}

/**
 * The processes of a group, from /proc. A signal would also reach dead ones until a slow init has reaped
 * them.
 */
export function groupMembers(group: number): number[] {
  return readdirSync('/proc')
    .filter(pid => /^\d+$/.test(pid) && isLiveMember(pid, group))
    .map(Number);
}

/** Reads "pid (name) state ppid pgrp ..."; the name may contain anything. */
function isLiveMember(pid: string, group: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(pgrp) === group && state !== 'Z' && state !== 'X';
  } catch {
    return false;
  }
}
