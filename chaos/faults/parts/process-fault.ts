import { exchange, type Reading, requestOf } from '../../mesh/measure.ts';
import { memberTargetSchema } from '../../mesh/selector-schema.ts';
import { findMembers, type MemberNow, type MemberTarget, votes } from '../../mesh/target.ts';
import type { FaultMember, ProcessFaultContext } from '../context.ts';
import type { ActiveFault, BiteProof, Readings } from '../fault.ts';
import { Healing } from './healing.ts';

export type { MemberTarget };
export { memberTargetSchema };

export interface ProcessHarm {
  apply(member: FaultMember): Promise<() => Promise<void>>;
  /**
   * Whether this outcome of an exchange at its client port shows that the member, which answered before, was
   * hit.
   */
  bites(outcome: Reading['outcome'], member: FaultMember): boolean;
  /** The same in words, for the proof. */
  readonly sign: string;
}

/**
 * Silence can be shown only by waiting, so this wait is short. An answer may take as long as the machine
 * needs.
 */
const SILENCE_MS = 1_000;
const ANSWER_MAX_MS = 5_000;

/** Harms the processes of the members that `target` selects now. */
export async function injectOnMembers(
  context: ProcessFaultContext,
  target: MemberTarget,
  harm: ProcessHarm,
): Promise<ActiveFault> {
  const members = await chooseMembers(context, target);
  const before = await Promise.all(members.map(member => probeMember(member, ANSWER_MAX_MS)));
  const healing = new Healing('together');
  const startedAt = Date.now();
  try {
    for (const member of members) healing.add(await harm.apply(member));
  } catch (error) {
    await healing.heal();
    throw error;
  }
  return {
    startedAt,
    links: members.map(({ name }) => name),
    heal: () => healing.heal(),
    async proveBite(): Promise<BiteProof> {
      const after = await Promise.all(members.map(member => probeMember(member, SILENCE_MS)));
      const bit = members.every(
        (member, index) => before[index]!.outcome === 'answered' && harm.bites(after[index]!.outcome, member),
      );
      const how = `srvr at each member's own client port; a bite is an answer before and ${harm.sign} now`;
      return { bit, before: named(members, before), after: named(members, after), how };
    },
  };
}

/** The members that `target` means now. @throws TargetError */
export async function chooseMembers(
  { members, random }: ProcessFaultContext,
  target: MemberTarget,
): Promise<FaultMember[]> {
  const now = await Promise.all(members.map(memberNow));
  const chosen = await findMembers(target, now, random, { ofRole: 1 });
  return chosen.map(name => members.find(member => member.name === name)!);
}

async function memberNow(member: FaultMember): Promise<MemberNow> {
  const { name, dc, isVoter = false } = member;
  const role = await member.roleOf();
  return { name, role, dc, isVoter: votes(role, isVoter), masterOf: async () => member.masterOf?.() };
}

function probeMember({ clientAddress }: FaultMember, deadlineMs: number): Promise<Reading> {
  return exchange(clientAddress, requestOf('client'), deadlineMs);
}

function named(members: readonly FaultMember[], measured: readonly Reading[]): Readings {
  return Object.fromEntries(members.map(({ name }, index) => [`${name} outcome`, measured[index]!.outcome]));
}
