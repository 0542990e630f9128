import { z } from 'zod';
import type { BudgetUse } from '../../bench/hosts/cpu-budget.ts';
import { noCpuBudget } from '../../bench/hosts/cpu-budget.ts';
import { drawTargets } from '../mesh/draw-target.ts';
import { memberTargetSchema } from '../mesh/selector-schema.ts';
import type { MemberTarget } from '../mesh/target.ts';
import type { ProcessFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsProcesses, type Readings } from './fault.ts';
import { abilityOf, applyToMembers, firstOf, giveWork } from './parts/member-fault.ts';
import { chooseMembers } from './parts/process-fault.ts';

export interface CpuStarvationOptions {
  readonly target: MemberTarget;
  /** Share of one core that the member gets. */
  readonly cores: number;
}

/** A server needs about this much to send its pings. With less, it is as good as paused. */
const CORES_MIN = 0.002;

export const cpuStarvationKind: FaultKind<CpuStarvationOptions> = {
  name: 'cpu-starvation',
  description: 'a member gets only a small share of one core',
  schema: z.strictObject({ target: memberTargetSchema, cores: z.number().min(CORES_MIN).max(1) }),
  available: host => needsProcesses(host) ?? noCpuBudget(),
  create: cpuStarvation,
  draw(random, shape) {
    const target = drawTargets(random, shape);
    const least = random.pick([0.005, 0.02, 0.1]);
    return own => ({ target: target(own), cores: Math.round(least * (1 + 3 * own.float()) * 1000) / 1000 });
  },
};

const STOPPED_MAX_MS = 5_000;

/** Limits the process by a cgroup; its threads stand still for the rest of each period. */
function cpuStarvation({ target, cores }: CpuStarvationOptions): Fault<ProcessFaultContext> {
  return {
    name: 'cpu-starvation',
    description: `${cores} of a core`,
    async inject(context) {
      const members = await chooseMembers(context, target);
      const uses = new Map<string, () => BudgetUse>();
      return applyToMembers(
        members,
        async member => {
          const { use, lift } = abilityOf(member, 'limitCpu')(cores);
          uses.set(member.name, use);
          return async () => lift();
        },
        async () => {
          const throttled = () => members.map(({ name }) => uses.get(name)!().throttled);
          const found = await firstOf(async () => {
            // An idle member needs less than its share.
            await Promise.all(members.map(giveWork));
            const counts = throttled();
            return counts.every(count => count > 0) ? counts : undefined;
          }, STOPPED_MAX_MS);
          const named = (counts: readonly number[]): Readings =>
            Object.fromEntries(members.map(({ name }, at) => [`${name} throttledPeriods`, counts[at]!]));
          const how = `periods in which the kernel stopped the process, as its cgroup counts them; a bite is one within ${STOPPED_MAX_MS} ms`;
          return {
            bit: found !== undefined,
            before: named(members.map(() => 0)),
            after: named(found ?? throttled()),
            how,
          };
        },
      );
    },
  };
}
