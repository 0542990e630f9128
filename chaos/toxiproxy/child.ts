/** A Toxiproxy as a child of the lab: how it starts and how it ends. */
import type { ResultPromise } from 'execa';
import { endWithLab } from '../../bench/hosts/end-with-lab.ts';
import { formatExit } from '../../bench/hosts/host.ts';
import type { TailLog } from './tail-log.ts';

/** SIGTERM waits for requests in flight. SIGKILL follows after this time. */
const STOP_MAX_MS = 2_000;

export const CHILD_OPTIONS = {
  buffer: false,
  // Ctrl-C at a terminal must reach only the lab, because faults are healed through this process.
  detached: true,
  reject: false,
  stdin: 'ignore',
  forceKillAfterDelay: STOP_MAX_MS,
} as const;

type Child = Pick<ResultPromise<typeof CHILD_OPTIONS>, 'pid' | 'stdout' | 'stderr' | 'kill'> &
  Promise<{ readonly exitCode?: number | undefined; readonly signal?: string | undefined }>;

export interface Tended {
  end(): Promise<void>;
  /** How it ended; undefined while it runs. */
  exit(): string | undefined;
}

/** Keeps the child's output, and ends the child with the lab at the latest. */
export function tend(child: Child, log: TailLog): Tended {
  const forget = child.pid === undefined ? undefined : endWithLab(child.pid);
  log.read(child.stdout);
  log.read(child.stderr);
  let exit: string | undefined;
  void child.then(({ exitCode, signal }) => {
    exit = formatExit({ code: exitCode, signal });
  });
  return {
    async end() {
      child.kill();
      await child;
      forget?.();
    },
    exit: () => exit,
  };
}
