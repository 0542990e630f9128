import { readdirSync, readFileSync } from 'node:fs';

/** How long the children of a test file may outlive it before they count as left behind. */
const ORPHAN_GRACE_MS = 10_000;

/** False when a process of the group outlives the grace period. */
export async function groupEnds(group: number): Promise<boolean> {
  const giveUpAt = performance.now() + ORPHAN_GRACE_MS;
  while (groupLives(group)) {
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

/** A signal also reaches dead processes until a slow init has reaped them; /proc tells them apart. */
export function groupLives(group: number): boolean {
  try {
    process.kill(-group, 0);
  } catch {
    return false;
  }
  try {
    return readdirSync('/proc').some(pid => /^\d+$/.test(pid) && isLiveMember(pid, group));
  } catch {
    return true;
  }
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
