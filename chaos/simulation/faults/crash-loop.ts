import { z } from 'zod';
import type { SeededRandom } from '../../../server/runtime/seeded-random.ts';
import { crashSchema, type SimulatedFault, type Target, targetSchema, upMember } from './simulated-fault.ts';

const schema = z.strictObject({
  kind: z.literal('crash-loop'),
  target: targetSchema,
  how: crashSchema,
  operations: z.array(z.number().int().positive()),
});

/**
 * Dies now and again at each of these disk operations after a boot, counted from it: most of what must be
 * durable in some order happens while a member forms or syncs, in the first dozens.
 */
export const crashLoop: SimulatedFault<z.infer<typeof schema>> = {
  kind: 'crash-loop',
  description: 'a member dies at chosen disk operations of each boot',
  schema,
  weight: 2,
  ofServers: true,
  draw: ({ random, target }) => drawCrashLoop(random, target),
  begin(stage, { target, how, operations }) {
    const sid = upMember(stage, target);
    if (sid === undefined) return undefined;
    stage.world.crashLoop(sid, how, operations);
    return () => stage.world.endCrashLoop(sid);
  },
};

export function drawCrashLoop(random: SeededRandom, target: Target): z.infer<typeof schema> {
  const how = random.chance(0.6) ? 'power' : 'kill';
  const operations = Array.from(
    { length: 1 + random.below(5) },
    () => 1 + random.below(random.pick([10, 40, 120])),
  );
  return { kind: 'crash-loop', target, how, operations };
}
