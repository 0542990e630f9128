import type { ProcessFaultContext } from './context.ts';
import type { Fault } from './fault.ts';
import { injectOnMembers, type MemberTarget } from './process-fault.ts';
import { isRunning } from './process-state.ts';

/**
 * SIGSTOP: the process stands still while the kernel keeps its connections and accepts new ones, as in a long garbage
 * collection. Healing lets it go on, late, with all it believed before.
 */
export function pause({ target }: { readonly target: MemberTarget }): Fault<ProcessFaultContext> {
  return {
    name: 'pause',
    description: 'SIGSTOP, and SIGCONT when healed',
    inject: context =>
      injectOnMembers(context, target, {
        apply: async ({ pid }) => {
          process.kill(pid, 'SIGSTOP');
          return async () => {
            if (isRunning(pid)) process.kill(pid, 'SIGCONT');
          };
        },
        leadsTo: ['silent'],
      }),
  };
}
