import type { FaultMember } from './context.ts';
import { untilObeyed } from './until-obeyed.ts';

/** Ends the process with SIGKILL; settles when it is gone. */
export async function killMember(member: FaultMember): Promise<void> {
  const { pid } = member;
  member.signal('SIGKILL', pid);
  await untilObeyed(member, 'SIGKILL', () => member.stateOf(pid) === 'gone');
}
