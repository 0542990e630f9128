import { type ClockOffsetOptions, clockOffsetSchema, drawOffset, isOffBy } from './clock-jump.ts';
import type { ProcessFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsOurServer } from './fault.ts';
import { keepDown } from './parts/kill-member.ts';
import { abilityOf } from './parts/member-fault.ts';
import { injectWrongClock } from './parts/wrong-clock.ts';

export const clockOffsetKind: FaultKind<ClockOffsetOptions> = {
  name: 'clock-offset',
  description: 'a member is killed and starts with a wrong wall clock, which is set right when healed',
  schema: clockOffsetSchema,
  stops: 'its targets',
  available: needsOurServer,
  create: clockOffset,
  draw: drawOffset,
};

/** Everything that a server takes from its clock at a start is wrong then, as its part of session ids. */
function clockOffset({ target, offsetMs }: ClockOffsetOptions): Fault<ProcessFaultContext> {
  return {
    name: 'clock-offset',
    description: `${offsetMs} ms ahead from the start`,
    inject: context =>
      injectWrongClock(
        context,
        target,
        async member => {
          const clock = abilityOf(member, 'serverFaults');
          const comeBack = await keepDown(member);
          const setRight = await clock.apply({ clock: { offsetMs } }).catch(async (error: unknown) => {
            await comeBack();
            throw error;
          });
          try {
            await comeBack();
          } catch (error) {
            await setRight();
            throw error;
          }
          return setRight;
        },
        isOffBy(offsetMs),
      ),
  };
}
