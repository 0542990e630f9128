import { z } from 'zod';
import { ms, type SimulatedFault, type Stage, targetSchema, upMember } from './simulated-fault.ts';

const schema = z.strictObject({ kind: z.literal('slow-link'), target: targetSchema, latencyMs: ms });

/** All links of one member are slow, both ways. */
export const slowLink: SimulatedFault<z.infer<typeof schema>> = {
  kind: 'slow-link',
  description: 'all links of a member are slow',
  schema,
  weight: 1.5,
  draw: ({ random, target }) => ({ kind: 'slow-link', target, latencyMs: random.between(10, 300) }),
  begin(stage, { target, latencyMs }) {
    const sid = upMember(stage, target);
    if (sid === undefined) return undefined;
    setLatency(stage, sid, latencyMs);
    return () => setLatency(stage, sid, CALM_LATENCY_MS);
  },
};

const CALM_LATENCY_MS = 1;

function setLatency({ world }: Stage, sid: number, latencyMs: number): void {
  for (const other of world.sids) {
    if (other === sid) continue;
    world.setLink(sid, other, { latencyMs });
    world.setLink(other, sid, { latencyMs });
  }
}
