import { z } from 'zod';
import { exchange, type Reading, requestOf } from '../mesh/measure.ts';
import type { FaultMember, ProcessFaultContext } from './context.ts';
import type { ActiveFault, BiteProof, Readings } from './fault.ts';
import { Healing } from './healing.ts';

/** Members by their role at the moment of injection, by name, or all of a data centre. */
export type MemberTarget =
  | { readonly name: string }
  | { readonly dc: string }
  | {
      readonly role: string;
      /** How many members of that role, chosen at random. @default 1 */
      readonly count?: number;
    };

export const memberTargetSchema: z.ZodType<MemberTarget> = z.union(
  [
    z.strictObject({ name: z.string() }),
    z.strictObject({ dc: z.string() }),
    z.strictObject({ role: z.string(), count: z.int().min(1).default(1) }),
  ],
  { error: '{ name: v1 }, { dc: paris }, or { role: follower, count: 1 }' },
);

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
  const healing = new Healing();
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

/** @throws Error when fewer members match than `count` asks for */
async function chooseMembers(
  { members, random }: ProcessFaultContext,
  target: MemberTarget,
): Promise<FaultMember[]> {
  const roles = await Promise.all(members.map(async member => member.roleOf()));
  const now = () => members.map(({ name }, index) => `${name}=${roles[index]}`).join(' ');
  const fits = members.filter(({ name, dc }, index) => {
    if ('name' in target) return name === target.name;
    return 'dc' in target ? dc === target.dc : roles[index] === target.role;
  });
  const count = 'role' in target ? (target.count ?? 1) : 'dc' in target ? Math.max(1, fits.length) : 1;
  if (fits.length < count || count < 1)
    throw new Error(`${fits.length} members match ${JSON.stringify(target)}; the roles are ${now()}`);
  const chosen: FaultMember[] = [];
  while (chosen.length < count) chosen.push(...fits.splice(random.below(fits.length), 1));
  return chosen;
}

function probeMember({ clientAddress }: FaultMember, deadlineMs: number): Promise<Reading> {
  return exchange(clientAddress, requestOf('client'), deadlineMs);
}

function named(members: readonly FaultMember[], measured: readonly Reading[]): Readings {
  return Object.fromEntries(members.map(({ name }, index) => [`${name} outcome`, measured[index]!.outcome]));
}
