/** A Toxiproxy as a child of the lab: how it is started, and how it ends. */
import type { ResultPromise } from 'execa';
import { endWithLab } from '../../bench/hosts/end-with-lab.ts';
import type { TailLog } from './tail-log.ts';

/** SIGTERM waits for requests in flight; after this it is SIGKILL. */
const STOP_MAX_MS = 2_000;

export const CHILD_OPTIONS = {
  buffer: false,
  // Ctrl-C at a terminal is for the lab: faults are healed through this process.
  detached: true,
  reject: false,
  stdin: 'ignore',
  forceKillAfterDelay: STOP_MAX_MS,
} as const;

type Child = Pick<ResultPromise<typeof CHILD_OPTIONS>, 'pid' | 'stdout' | 'stderr' | 'kill'> &
  Promise<unknown>;

/** Keeps what it prints, and ends it with the lab if not before. Returns what ends it. */
export function tend(child: Child, log: TailLog): () => Promise<void> {
  const forget = child.pid === undefined ? undefined : endWithLab(child.pid);
  log.read(child.stdout);
  log.read(child.stderr);
  return async () => {
    child.kill();
    await child;
    forget?.();
  };
}
