import type { ProcessFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsProcesses } from './fault.ts';
import { keepDown } from './parts/kill-member.ts';
import { injectOnMembers, type MemberTarget } from './parts/process-fault.ts';
import { type TargetOptions, targeted } from './parts/targeted.ts';

export const killKind: FaultKind<TargetOptions> = {
  name: 'kill',
  description: 'SIGKILL, and a restart when healed',
  ...targeted,
  stops: 'its targets',
  available: needsProcesses,
  create: kill,
};

/**
 * Kills the process with SIGKILL, and restarts the member on its data when healed. The killed process flushes
 * nothing and closes no connection itself.
 */
export function kill({ target }: { readonly target: MemberTarget }): Fault<ProcessFaultContext> {
  return {
    name: 'kill',
    description: killKind.description,
    inject: context =>
      injectOnMembers(context, target, {
        apply: keepDown,
        // A dial can still reach the accept queue of the dying process. Then it is closed rather than
        // refused.
        bites: outcome => outcome === 'refused' || outcome === 'closed',
        sign: 'refused or closed',
      }),
  };
}
