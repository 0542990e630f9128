import type { ProcessFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsProcesses } from './fault.ts';
import { injectOnMembers, type MemberTarget } from './parts/process-fault.ts';
import { type TargetOptions, targeted } from './parts/targeted.ts';
import { untilObeyed } from './parts/until-obeyed.ts';

export const pauseKind: FaultKind<TargetOptions> = {
  name: 'pause',
  description: 'SIGSTOP, and SIGCONT when healed',
  ...targeted,
  stops: 'its targets',
  available: needsProcesses,
  create: pause,
};

/**
 * Pauses the process with SIGSTOP, and continues it with SIGCONT when healed. The kernel keeps its
 * connections and accepts new ones, as during a long garbage collection. Afterwards the process still
 * believes what it believed before.
 */
export function pause({ target }: { readonly target: MemberTarget }): Fault<ProcessFaultContext> {
  return {
    name: 'pause',
    description: pauseKind.description,
    inject: context =>
      injectOnMembers(context, target, {
        apply: async member => {
          const { pid } = member;
          const goOn = async () => {
            if (member.stateOf(pid) !== 'gone') member.signal('SIGCONT', pid);
          };
          member.signal('SIGSTOP', pid);
          // A process that has ended counts as stopped too. The proof then finds that it does not answer.
          await untilObeyed(member, 'SIGSTOP', () => member.stateOf(pid) !== 'running').catch(async error => {
            await goOn();
            throw error;
          });
          return goOn;
        },
        bites: outcome => outcome === 'silent',
        sign: 'silent',
      }),
  };
}
