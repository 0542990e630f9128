/** What the faults of a member's wall clock share. Each has a file of its own. */
import type { FaultReport } from '../../../server/runtime/faulty/injected-faults.ts';
import type { MemberTarget } from '../../mesh/target.ts';
import type { FaultMember, ProcessFaultContext } from '../context.ts';
import type { ActiveFault, Readings } from '../fault.ts';
import { type ApplyToMember, abilityOf, applyToMembers, firstOf } from './member-fault.ts';
import { chooseMembers } from './process-fault.ts';

const WRONG_MAX_MS = 5_000;

/** `isWrong`: whether this many ms between the member's clock and the machine's are a bite. */
export async function injectWrongClock(
  context: ProcessFaultContext,
  target: MemberTarget,
  apply: ApplyToMember,
  isWrong: (aheadMs: number) => boolean,
): Promise<ActiveFault> {
  const members = await chooseMembers(context, target);
  const ahead = () => Promise.all(members.map(aheadMsOf));
  const before = await ahead();
  return applyToMembers(members, apply, async () => {
    const wrong = await firstOf(async () => {
      const now = await ahead();
      return now.every(ms => ms !== null && isWrong(ms)) ? now : undefined;
    }, WRONG_MAX_MS);
    const named = (all: readonly (number | null)[]): Readings =>
      Object.fromEntries(members.map(({ name }, at) => [`${name} aheadMs`, all[at]!]));
    const how =
      "the member's wall clock against that of its machine, both read by the member; a bite is that it is wrong by as much as asked for";
    const bit = wrong !== undefined && before.every(ms => ms !== null && !isWrong(ms));
    return { bit, before: named(before), after: named(wrong ?? (await ahead())), how };
  });
}

async function aheadMsOf(member: FaultMember): Promise<number | null> {
  const report: FaultReport | undefined = await abilityOf(member, 'serverFaults').report();
  return report === undefined ? null : report.wallMs - report.machineWallMs;
}
