import { z } from 'zod';
import { drawTargets } from '../mesh/draw-target.ts';
import { memberTargetSchema } from '../mesh/selector-schema.ts';
import type { MemberTarget } from '../mesh/target.ts';
import type { ProcessFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsOurServer } from './fault.ts';
import { abilityOf } from './parts/member-fault.ts';
import { injectWrongClock } from './parts/wrong-clock.ts';

export interface ClockDriftOptions {
  readonly target: MemberTarget;
  /** Speed of the wall clock: 1.01 gains 10 ms in each second. */
  readonly rate: number;
}

const RATE_MIN = 0.01;
const RATE_MAX = 100;
/** A slower drift could not be told from a right clock within seconds. */
const DRIFT_MIN = 0.001;

export const clockDriftKind: FaultKind<ClockDriftOptions> = {
  name: 'clock-drift',
  description: 'the wall clock of a member goes too fast or too slow, until it is set right',
  schema: z.strictObject({
    target: memberTargetSchema,
    rate: z
      .number()
      .min(RATE_MIN)
      .max(RATE_MAX)
      .refine(rate => Math.abs(rate - 1) >= DRIFT_MIN, {
        error: `a rate that differs from 1 by ${DRIFT_MIN}`,
      }),
  }),
  available: needsOurServer,
  create: clockDrift,
  draw(random, shape) {
    const target = drawTargets(random, shape);
    const most = random.pick([0.02, 0.5, 9]);
    return own => {
      const drift = Math.round((2 * DRIFT_MIN + own.float() * most) * 1000) / 1000;
      const rate = own.chance(0.5) ? 1 + drift : Math.max(RATE_MIN, Math.round((1 - drift) * 1000) / 1000);
      return { target: target(own), rate };
    };
  },
};

/** Both clocks are read as whole ms. */
const GAIN_MS_MIN = 2;

function clockDrift({ target, rate }: ClockDriftOptions): Fault<ProcessFaultContext> {
  return {
    name: 'clock-drift',
    description: `${rate} s in each second`,
    inject: context =>
      injectWrongClock(
        context,
        target,
        member => abilityOf(member, 'serverFaults').apply({ clock: { rate } }),
        aheadMs => Math.sign(aheadMs) === Math.sign(rate - 1) && Math.abs(aheadMs) >= GAIN_MS_MIN,
      ),
  };
}
