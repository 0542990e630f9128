/** Who led which epoch, and which configurations were in force, as members themselves said in their logs. */
import { zxidToHex } from '../../server/wire/zxid.ts';
import type { Checker } from './checker.ts';
import { type Judgement, judge } from './judgement.ts';
import type { MemberEvent } from './run-record.ts';

export const leaders: Checker<'memberEvents'> = {
  name: 'leaders',
  description:
    'two members that led one epoch; configurations that members have in force and that differ or go back',
  needs: ['memberEvents'],
  isOptional: true,
  check: ({ memberEvents }) => checkLeaders(memberEvents),
};

/**
 * - An epoch has one leader.
 * - A configuration has the same voters and observers at every member that has it in force.
 * - From one start of a member to the next, the versions that it has in force only rise.
 *
 * @param events of each member in their order
 */
export function checkLeaders(events: readonly MemberEvent[]): Judgement {
  const reasons: string[] = [];
  const leaderOf = new Map<number, string>();
  const membersAt = new Map<number, { readonly member: string; readonly members: string }>();
  const inForce = new Map<string, number>();
  for (const event of events) {
    const { member } = event;
    if (event.kind === 'started') inForce.delete(member);
    else if (event.kind === 'led') {
      const leader = leaderOf.get(event.epoch) ?? member;
      leaderOf.set(event.epoch, leader);
      if (leader !== member) reasons.push(`${leader} and ${member} both led epoch ${event.epoch}`);
    } else if (event.version > 0) {
      // Before the first leader has given it a version, each member goes by its own file.
      const { version, members } = event;
      const before = inForce.get(member) ?? 0;
      if (version < before)
        reasons.push(`${member} went back from configuration ${zxidToHex(before)} to ${zxidToHex(version)}`);
      inForce.set(member, version);
      const first = membersAt.get(version) ?? event;
      membersAt.set(version, first);
      if (first.members !== members)
        reasons.push(
          `configuration ${zxidToHex(version)} has ${members} at ${member}, and ${first.members} at ${first.member}`,
        );
    }
  }
  return judge(leaders.name, events.filter(({ kind }) => kind !== 'started').length, [...new Set(reasons)]);
}
