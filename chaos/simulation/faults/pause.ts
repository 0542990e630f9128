import { z } from 'zod';
import { type SimulatedFault, targetSchema, upMember } from './simulated-fault.ts';

const schema = z.strictObject({ kind: z.literal('pause'), target: targetSchema });

/** As SIGSTOP: the kernel goes on, the process does not. */
export const pause: SimulatedFault<z.infer<typeof schema>> = {
  kind: 'pause',
  description: 'a member stands still, as under SIGSTOP',
  schema,
  weight: 2,
  draw: ({ target }) => ({ kind: 'pause', target }),
  begin(stage, { target }) {
    const sid = upMember(stage, target);
    if (sid === undefined) return undefined;
    stage.world.pause(sid);
    return () => stage.world.resume(sid);
  },
};
