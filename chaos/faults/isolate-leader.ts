import { type MemberNow, membersText, TargetError } from '../mesh/target.ts';
import { apart, type PartitionShape, partitionKind } from './parts/partition.ts';

export const ISOLATE_LEADER: PartitionShape = {
  name: 'isolate-leader',
  description: 'the present leader reaches no other member, and clients still reach it',
  votersMin: 2,
  membersMin: 2,
  divide: members => apart([leaderOf(members)]),
};

export const isolateLeaderKind = partitionKind(ISOLATE_LEADER);

function leaderOf(members: readonly MemberNow[]): string {
  const leaders = members.filter(({ role }) => role === 'leader');
  if (leaders.length === 1) return leaders[0]!.name;
  throw new TargetError(`there are ${leaders.length} leaders, and one is needed; ${membersText(members)}`);
}
