import { z } from 'zod';
import { drawTargets } from '../mesh/draw-target.ts';
import { memberTargetSchema } from '../mesh/selector-schema.ts';
import type { MemberTarget } from '../mesh/target.ts';
import type { ProcessFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsOurServer } from './fault.ts';
import { abilityOf } from './parts/member-fault.ts';
import { injectWrongClock } from './parts/wrong-clock.ts';

export interface ClockOffsetOptions {
  readonly target: MemberTarget;
  /** How far the wall clock is ahead; negative when it is behind. */
  readonly offsetMs: number;
}

const YEAR_MS = 366 * 86_400_000;
/** Less than this is no jump, and could not be told from the time it takes to read two clocks. */
const OFFSET_MS_MIN = 10;

export const clockOffsetSchema: z.ZodType<ClockOffsetOptions> = z.strictObject({
  target: memberTargetSchema,
  offsetMs: z
    .int()
    .min(-YEAR_MS)
    .max(YEAR_MS)
    .refine(ms => Math.abs(ms) >= OFFSET_MS_MIN, { error: `at least ${OFFSET_MS_MIN} ms, ahead or behind` }),
});

/** Of a run: seconds, hours or months; then either way. */
export const drawOffset: NonNullable<FaultKind<ClockOffsetOptions>['draw']> = (random, shape) => {
  const target = drawTargets(random, shape);
  const most = random.pick([10_000, 3_600_000, YEAR_MS / 4]);
  return own => ({
    target: target(own),
    offsetMs: (OFFSET_MS_MIN + own.below(most)) * (own.chance(0.5) ? 1 : -1),
  });
};

export const clockJumpKind: FaultKind<ClockOffsetOptions> = {
  name: 'clock-jump',
  description: 'the wall clock of a running member jumps, and jumps back when healed',
  schema: clockOffsetSchema,
  available: needsOurServer,
  create: clockJump,
  draw: drawOffset,
};

/** Only the wall clock, as a correction by NTP or an operator: timeouts are measured on another one. */
export function clockJump({ target, offsetMs }: ClockOffsetOptions): Fault<ProcessFaultContext> {
  return {
    name: 'clock-jump',
    description: `${offsetMs} ms ahead`,
    inject: context =>
      injectWrongClock(
        context,
        target,
        member => abilityOf(member, 'serverFaults').apply({ clock: { offsetMs } }),
        isOffBy(offsetMs),
      ),
  };
}

export function isOffBy(offsetMs: number): (aheadMs: number) => boolean {
  return aheadMs => Math.abs(aheadMs - offsetMs) < OFFSET_MS_MIN / 2;
}
