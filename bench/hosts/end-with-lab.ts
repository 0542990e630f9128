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
      // Continue with the rest. Folders are in the register of the reaper.
    }
  }
});

/**
 * Sends SIGKILL to a process group when this process exits for any reason but a signal. It is for processes
 * started `detached`, so that Ctrl-C reaches only the lab; execa's own cleanup leaves those out. Returns a
 * function that cancels it.
 */
export function endWithLab(leader: number): () => void {
  leaders.add(leader);
  return () => void leaders.delete(leader);
}

/**
 * Runs `cleanup` when this process exits before the regular cleanup, for example after a second Ctrl-C. It
 * must be synchronous. It runs after the processes were killed, the last registered first. Returns a function
 * that cancels it.
 */
export function cleanUpWithLab(cleanup: () => void): () => void {
  cleanups.add(cleanup);
  return () => void cleanups.delete(cleanup);
}
