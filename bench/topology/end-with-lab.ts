import { signalGroup } from './process-identity.ts';

/** Leaders of the process groups that an exit of the lab must not leave behind. */
const leaders = new Set<number>();
process.on('exit', () => {
  for (const leader of leaders) signalGroup(leader, 'SIGKILL');
});

/**
 * SIGKILL for a process group when this process exits, however it comes to that short of a signal. For what is started
 * `detached`, so that Ctrl-C reaches the lab alone, which execa's own cleanup leaves out. Returns what forgets it.
 */
export function endWithLab(leader: number): () => void {
  leaders.add(leader);
  return () => void leaders.delete(leader);
}
