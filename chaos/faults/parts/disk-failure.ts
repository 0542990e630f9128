/** What the faults of a running member's disk share. Each has a file of its own. */
import type { DiskFailure } from '../../../server/runtime/faulty/faulty-disk.ts';
import type { MemberTarget } from '../../mesh/target.ts';
import type { FaultMember, ProcessFaultContext } from '../context.ts';
import { type Fault, type FaultKind, needsOurServer, type Readings } from '../fault.ts';
import { abilityOf, applyToMembers, firstOf, giveWork } from './member-fault.ts';
import { chooseMembers } from './process-fault.ts';
import { type TargetOptions, targeted } from './targeted.ts';

const ENDED_MAX_MS = 10_000;

/**
 * A disk that refuses operations. A server that cannot keep what it would acknowledge has to end, and comes
 * back on a healed disk.
 */
export function diskFailureKind(
  name: string,
  description: string,
  failure: DiskFailure,
): FaultKind<TargetOptions> {
  return {
    name,
    description,
    ...targeted,
    stops: 'its targets',
    available: needsOurServer,
    create: ({ target }) => diskFailure(name, description, failure, target),
  };
}

function diskFailure(
  name: string,
  description: string,
  failure: DiskFailure,
  target: MemberTarget,
): Fault<ProcessFaultContext> {
  return {
    name,
    description,
    async inject(context) {
      const members = await chooseMembers(context, target);
      const pids = new Map(members.map(member => [member.name, member.pid]));
      const stateOf = (member: FaultMember) => member.stateOf(pids.get(member.name)!);
      const states = (): Readings =>
        Object.fromEntries(members.map(member => [`${member.name} process`, stateOf(member)]));
      const before = states();
      return applyToMembers(
        members,
        async member => {
          const pid = pids.get(member.name)!;
          const endIsExpected = member.expectEnd?.(pid);
          const letGo = member.hold?.();
          const disk = abilityOf(member, 'serverFaults');
          const repair = await disk.apply({ disk: { failure } }).catch((error: unknown) => {
            letGo?.();
            throw error;
          });
          return async () => {
            await repair();
            letGo?.();
            // A server whose disk operation was refused is about to end. Only this heal starts it again.
            const refused = (await disk.report())?.refusedOperations ?? 0;
            const isGone = () => (member.stateOf(pid) === 'gone' ? true : undefined);
            await firstOf(isGone, refused > 0 ? ENDED_MAX_MS : 0);
            if (isGone()) await member.restart();
            else endIsExpected?.();
          };
        },
        async () => {
          const told = (member: FaultMember) => member.logTail?.().includes(failure) ?? true;
          const hasEnded = (member: FaultMember) => stateOf(member) === 'gone' && told(member);
          const ended = await firstOf(async () => {
            await Promise.all(members.map(giveWork));
            return members.every(hasEnded) ? true : undefined;
          }, ENDED_MAX_MS);
          const how = `the process and the end of its log; a bite is that it ends within ${ENDED_MAX_MS} ms and names ${failure}, or, when others of them have ended, was refused nothing`;
          return { bit: ended ?? (await restIsIdle(members, hasEnded)), before, after: states(), how };
        },
      );
    },
  };
}

/** Once a majority of the voters has ended, nothing is written any more that the others could be refused. */
async function restIsIdle(
  members: readonly FaultMember[],
  hasEnded: (member: FaultMember) => boolean,
): Promise<boolean> {
  const rest = members.filter(member => !hasEnded(member));
  const reports = await Promise.all(rest.map(member => abilityOf(member, 'serverFaults').report()));
  return rest.length < members.length && reports.every(report => report?.refusedOperations === 0);
}
