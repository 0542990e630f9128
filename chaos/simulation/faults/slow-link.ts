import { type FaultStage, ms, onMember, simulatedFault, targetSchema } from './simulated-fault.ts';

/** All links of one member are slow, both ways. */
export const slowLink = simulatedFault('slow-link', { target: targetSchema, latencyMs: ms })({
  description: 'all links of a member are slow',
  weight: 1.5,
  draw: ({ random, target }) => ({ target, latencyMs: random.between(10, 300) }),
  begin: onMember((stage, sid, { latencyMs }) => {
    setLatency(stage, sid, latencyMs);
    return () => setLatency(stage, sid, CALM_LATENCY_MS);
  }),
});

const CALM_LATENCY_MS = 1;

function setLatency({ world }: FaultStage, sid: number, latencyMs: number): void {
  for (const other of world.sids) {
    if (other === sid) continue;
    world.setLink(sid, other, { latencyMs });
    world.setLink(other, sid, { latencyMs });
  }
}
