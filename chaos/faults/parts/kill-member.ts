import type { FaultMember } from '../context.ts';
import { untilObeyed } from './until-obeyed.ts';

/** Kills the member and holds it. The result lets go of it and restarts it. */
export async function keepDown(member: FaultMember): Promise<() => Promise<void>> {
  const letGo = member.hold?.();
  const comeBack = async () => {
    letGo?.();
    await member.restart();
  };
  try {
    await killMember(member);
  } catch (error) {
    letGo?.();
    throw error;
  }
  return comeBack;
}

/** Ends the process with SIGKILL; settles when it is gone. */
export async function killMember(member: FaultMember): Promise<void> {
  const { pid } = member;
  member.signal('SIGKILL', pid);
  await untilObeyed(member, 'SIGKILL', () => member.stateOf(pid) === 'gone');
}
