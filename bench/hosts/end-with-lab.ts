import { signalGroup } from './process-identity.ts';

/** Leaders of the process groups that must end when the lab exits. */
const leaders = new Set<number>();
const cleanups = new Set<() => void>();
process.on('exit', () => {
  for (const leader of leaders) signalGroup(leader, 'SIGKILL');
  for (const cleanup of [...cleanups].reverse()) {
    try {
      cleanup();
    } catch {
      // Go on with the rest; folders are in the register of the reaper.
    }
  }
});

/**
 * SIGKILL for a process group when this process exits, however it comes to that short of a signal. For what
 * is started `detached`, so that Ctrl-C reaches the lab alone, which execa's own cleanup leaves out. Returns
 * what forgets it.
 */
export function endWithLab(leader: number): () => void {
  leaders.add(leader);
  return () => void leaders.delete(leader);
}

/**
 * What must be undone when this process exits before it was undone in good order, as by a second Ctrl-C:
 * without waiting, so nothing asynchronous. Runs once the processes were killed, the last first. Returns what
 * forgets it.
 */
export function cleanUpWithLab(cleanup: () => void): () => void {
  cleanups.add(cleanup);
  return () => void cleanups.delete(cleanup);
}
