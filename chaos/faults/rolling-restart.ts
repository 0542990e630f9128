import { z } from 'zod';
import { type NamedImplementation, namedImplementation } from '../../bench/topology/implementation.ts';
import { memberTargetSchema } from '../mesh/selector-schema.ts';
import type { MemberTarget } from '../mesh/target.ts';
import type { FaultMember, ProcessFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsProcesses, type Readings } from './fault.ts';
import { abilityOf } from './parts/member-fault.ts';
import { chooseMembers } from './parts/process-fault.ts';
import { untilObeyed } from './parts/until-obeyed.ts';

export interface RollingRestartOptions {
  /** @default any */
  readonly target?: MemberTarget;
  /** @default SIGTERM */
  readonly signal?: 'SIGTERM' | 'SIGKILL';
  /** They run this server from then on, also when the fault is healed. @default what they ran */
  readonly into?: NamedImplementation | undefined;
}

export const rollingRestartKind: FaultKind<RollingRestartOptions> = {
  name: 'rolling-restart',
  description:
    'members are restarted one after the other, the leader last; `into` names the server they become',
  schema: z.strictObject({
    target: memberTargetSchema.default('any'),
    signal: z.enum(['SIGTERM', 'SIGKILL']).default('SIGTERM'),
    into: namedImplementation.optional(),
  }),
  stops: 'one at a time',
  available: needsProcesses,
  create: rollingRestart,
  draw(random) {
    const signals = random.pick([['SIGTERM'], ['SIGKILL'], ['SIGTERM', 'SIGKILL']] as const);
    return own => ({ signal: own.pick(signals) });
  },
};

/** Observers first and the leader last, as operators do: it costs one election. */
const ORDER: readonly string[] = ['observer', 'follower', 'leader'];

/** Restarts each member once the one before it serves again. A heal lets the restart under way complete. */
export function rollingRestart({
  target = 'any',
  signal = 'SIGTERM',
  into,
}: RollingRestartOptions = {}): Fault<ProcessFaultContext> {
  return {
    name: 'rolling-restart',
    description: rollingRestartKind.description,
    async inject(context) {
      const members = await inOrder(await chooseMembers(context, target));
      if (into !== undefined) for (const member of members) abilityOf(member, 'run')(into);
      const before = pidsOf(members);
      let isHealed = false;
      let inWork: FaultMember | undefined;
      const roll = async () => {
        for (const member of members) {
          if (isHealed) return;
          inWork = member;
          const letGo = member.hold?.();
          await stop(member, signal).finally(() => letGo?.());
          await member.restart();
          inWork = undefined;
        }
      };
      const rolled = roll();
      rolled.catch(() => {});
      return {
        startedAt: Date.now(),
        links: members.map(({ name }) => name),
        async proveBite() {
          await rolled;
          const after = pidsOf(members);
          const bit = members.every(({ name }) => before[`${name} pid`] !== after[`${name} pid`]);
          const how =
            'the process of each member; a bite is that all were replaced, each after the last one served';
          return { bit, before, after, how };
        },
        async heal() {
          isHealed = true;
          // A member that could not be restarted is tried again; its error is the one to tell then.
          await rolled.catch(() => {});
          await inWork?.restart();
          inWork = undefined;
        },
      };
    },
  };
}

async function stop(member: FaultMember, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const { pid } = member;
  const isGone = () => member.stateOf(pid) === 'gone';
  member.signal(signal, pid);
  if (signal === 'SIGTERM')
    await untilObeyed(member, signal, isGone).catch(() => member.signal('SIGKILL', pid));
  await untilObeyed(member, 'SIGKILL', isGone);
}

async function inOrder(members: readonly FaultMember[]): Promise<FaultMember[]> {
  const ranked = await Promise.all(
    members.map(async member => ({ member, rank: ORDER.indexOf(await member.roleOf()) })),
  );
  return ranked.sort((a, b) => a.rank - b.rank).map(({ member }) => member);
}

function pidsOf(members: readonly FaultMember[]): Readings {
  return Object.fromEntries(members.map(({ name, pid }) => [`${name} pid`, pid]));
}
