import { z } from 'zod';
import { type SimulatedFault, targetSchema, upMember } from './simulated-fault.ts';

const schema = z.strictObject({ kind: z.literal('clock-jump'), target: targetSchema, byMs: z.number() });

/** The wall clock jumps and does not come back. */
export const clockJump: SimulatedFault<z.infer<typeof schema>> = {
  kind: 'clock-jump',
  description: 'the wall clock of a member jumps',
  schema,
  weight: 1,
  draw: ({ random, target }) => ({
    kind: 'clock-jump',
    target,
    byMs: Math.round(random.between(-60_000, 60_000)),
  }),
  begin(stage, { target, byMs }) {
    const sid = upMember(stage, target);
    if (sid === undefined) return undefined;
    stage.world.jumpWall(sid, byMs);
    return () => {};
  },
};
