import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessFaultContext } from './context.ts';
import type { Fault } from './fault.ts';
import { injectOnMembers, type MemberTarget } from './process-fault.ts';
import { isRunning } from './process-state.ts';

const GONE_MAX_MS = 5_000;
const POLL_MS = 10;

/** SIGKILL: nothing is flushed, no connection is closed by the process. Healing restarts the member on its data. */
export function kill({ target }: { readonly target: MemberTarget }): Fault<ProcessFaultContext> {
  return {
    name: 'kill',
    description: 'SIGKILL, and a restart when healed',
    inject: context =>
      injectOnMembers(context, target, {
        apply: async member => {
          const { pid } = member;
          process.kill(pid, 'SIGKILL');
          await untilGone(pid);
          return () => member.restart();
        },
        // A dial can still meet the queue of the dying process: it is closed then, and not refused.
        leadsTo: ['refused', 'closed'],
      }),
  };
}

async function untilGone(pid: number): Promise<void> {
  const end = performance.now() + GONE_MAX_MS;
  while (isRunning(pid)) {
    if (performance.now() > end) throw new Error(`process ${pid} lives ${GONE_MAX_MS} ms after SIGKILL`);
    await sleep(POLL_MS);
  }
}
