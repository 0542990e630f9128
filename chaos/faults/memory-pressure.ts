import { z } from 'zod';
import { type MemoryPressure, noMemoryLimit } from '../../bench/hosts/memory-limit.ts';
import { drawTargets } from '../mesh/draw-target.ts';
import { memberTargetSchema } from '../mesh/selector-schema.ts';
import type { MemberTarget } from '../mesh/target.ts';
import type { ProcessFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsProcesses, type Readings } from './fault.ts';
import { abilityOf, applyToMembers, firstOf, giveWork } from './parts/member-fault.ts';
import { chooseMembers } from './parts/process-fault.ts';

export interface MemoryPressureOptions {
  readonly target: MemberTarget;
  /** How much more memory than now the member gets. */
  readonly mebibytes: number;
}

const MEBIBYTES_MAX = 4_096;

export const memoryPressureKind: FaultKind<MemoryPressureOptions> = {
  name: 'memory-pressure',
  description: 'a member gets little more memory than it has; one that needs more is killed',
  schema: z.strictObject({ target: memberTargetSchema, mebibytes: z.int().min(1).max(MEBIBYTES_MAX) }),
  stops: 'its targets',
  available: host => needsProcesses(host) ?? noMemoryLimit(),
  create: memoryPressure,
  draw(random, shape) {
    const target = drawTargets(random, shape);
    const most = random.pick([1, 3]);
    return own => ({ target: target(own), mebibytes: 1 + own.below(most) });
  },
};

const FELT_MAX_MS = 10_000;
/** How many sessions are requested at a time, because an idle server needs no more memory than it has. */
const SESSIONS_AT_ONCE = 50;

/** Limits by a cgroup what the process takes from now on. A member that the kernel killed is restarted. */
function memoryPressure({ target, mebibytes }: MemoryPressureOptions): Fault<ProcessFaultContext> {
  return {
    name: 'memory-pressure',
    description: `${mebibytes} MiB more than it has`,
    async inject(context) {
      const members = await chooseMembers(context, target);
      const pressures = new Map<string, () => MemoryPressure>();
      return applyToMembers(
        members,
        async member => {
          const { pid } = member;
          const endIsExpected = member.expectEnd?.(pid);
          const { pressure, lift } = abilityOf(member, 'limitMemory')(mebibytes * 1024 * 1024);
          pressures.set(member.name, pressure);
          return async () => {
            lift();
            if (member.stateOf(pid) === 'gone') await member.restart();
            else endIsExpected?.();
          };
        },
        async () => {
          const now = () => members.map(({ name }) => pressures.get(name)!());
          const found = await firstOf(async () => {
            await Promise.all(
              members.flatMap(each => Array.from({ length: SESSIONS_AT_ONCE }, () => giveWork(each))),
            );
            const all = now();
            return all.every(({ limited, killed }) => limited + killed > 0) ? all : undefined;
          }, FELT_MAX_MS);
          const named = (all: readonly MemoryPressure[]): Readings =>
            Object.fromEntries(
              members.flatMap(({ name }, at) => [
                [`${name} timesAtLimit`, all[at]!.limited],
                [`${name} killed`, all[at]!.killed],
              ]),
            );
          const how = `how often the process reached its limit, as its cgroup counts it; a bite is once within ${FELT_MAX_MS} ms`;
          const none = members.map(() => ({ limited: 0, killed: 0 }));
          return { bit: found !== undefined, before: named(none), after: named(found ?? now()), how };
        },
      );
    },
  };
}
