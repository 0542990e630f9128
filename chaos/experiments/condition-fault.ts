/** The faults under which writes are measured. */
import type { Member } from '../../bench/topology/member.ts';
import { blackhole } from '../faults/blackhole.ts';
import type { Fault } from '../faults/fault.ts';
import type { Stage } from './stage.ts';

export interface ConditionFault {
  readonly fault: Fault;
  /** Members that nobody can reach under the condition. */
  readonly cut: readonly Member[];
}

/** Drops all bytes between these members and all others, both ways. */
export function cutOff(stage: Stage, members: readonly Member[]): ConditionFault {
  return {
    fault: blackhole({ select: { from: stage.ends(members), to: 'any', both: true } }),
    cut: members,
  };
}
