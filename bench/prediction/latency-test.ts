/**
 * Tests the latency of a forecast on held-out cells, with the round trip and the disk of their own machine.
 */
import type { Result, WorkWindow } from '../../results/schema.ts';
import { type CostModel, coresOf } from './cost-model.ts';
import { expectedWork } from './expected-work.ts';
import { latencyOf, type RoleForecast } from './forecast.ts';
import type { MemberRole } from './work.ts';
import { loadOf, shapeOf } from './work-window.ts';

/** Predicted over measured, less 1, for each held-out window whose latency is known. */
export function heldOutLatencyErrors(
  { environment }: Pick<Result, 'environment'>,
  windows: readonly WorkWindow[],
  { costs, batching, overheads }: CostModel,
): number[] {
  const { diskSyncMedianUs, loopbackRttUs } = environment;
  if (diskSyncMedianUs === null || loopbackRttUs === null) return [];
  const machines = {
    coresPerMember: 1,
    nicBytesPerSecond: Number.POSITIVE_INFINITY,
    rttMs: loopbackRttUs / 1000,
    fsyncMs: diskSyncMedianUs / 1000,
  };
  return windows.flatMap(window => {
    if (!window.isHeldOut || !window.latencyP50Us) return [];
    const shape = shapeOf(window);
    const load = loadOf(window);
    const roles = expectedWork(shape, load, batching, overheads).map((each): RoleForecast => {
      const value = coresOf(each.work, costs);
      return { ...each, cores: { value, low: value, high: value }, nicShare: 0 };
    });
    if (roles.some(({ cores }) => cores.value >= machines.coresPerMember)) return [];
    const { ms } = latencyOf(usualSource(window), { shape, load, machines }, roles);
    return [(ms * 1000) / window.latencyP50Us - 1];
  });
}

/** The role at which most clients are. */
function usualSource({ clients, voters, observers }: WorkWindow): MemberRole {
  if (clients === 'leader' || (clients === 'voters' && voters === 1)) return 'leader';
  if (clients === 'observers' || (clients === 'all' && observers >= voters)) return 'observer';
  return 'follower';
}
