/**
 * Counts what single operations cost in other roles, once for each topology. Its ensembles have direct links:
 * a proxy passes bytes on in portions of its own, and the kernel would count those.
 */
import { ensembleMs, loadMs } from '../../bench/rounds/expected-time.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { CONDITIONS } from '../../results/names.ts';
import { measureFreshStarts } from './fresh-starts.ts';
import { type MeasureOptions, writeLoadOf } from './measure-options.ts';
import { countPath, READ_PATHS, sizedPaths, WRITE_PATHS } from './measurements/paths.ts';
import type { RolesOptions } from './role-keys.ts';
import { saturatedOf } from './role-windows.ts';
import { hasObservers, type Stage } from './stage.ts';

const EXPERIMENT = 'roles';

/** @param groups the ensembles of a group run at the same time */
export async function countRolePaths(
  options: MeasureOptions<RolesOptions>,
  groups: readonly (readonly Topology[])[],
  share: number,
): Promise<void> {
  const { suite, cells } = options;
  const { budget, depth } = suite.roles;
  await measureFreshStarts(options, {
    ...{ experiment: 'counts of roles', label: 'counted', starts: 1, rounds: 1, groups, budget, share },
    // Cold code exchanges the same messages.
    warmUp: saturatedOf(options, { warmupMs: 0, saturatedMs: 0, depth }),
    limited: () => [],
    unlimited: stages => stages.map(stage => ({ measure: () => countPaths(options, stage) })),
    lost({ name: topology }, start, reason) {
      const conditions = [
        CONDITIONS.singleAtLeader,
        CONDITIONS.singleAtFollower,
        CONDITIONS.singleAtObserver,
      ];
      for (const condition of conditions)
        cells.lose({ experiment: EXPERIMENT, topology, condition }, start, reason);
    },
  });
}

/** Sizes matter only where a follower and an observer can be compared: both at the leader. */
async function countPaths(options: MeasureOptions<RolesOptions>, stage: Stage): Promise<void> {
  const { cells, lab, recorder, suite } = options;
  const { windowMs, valueBytes } = suite.roles.paths!;
  const write = writeLoadOf(options);
  const isCompared = hasObservers(stage) && !stage.topology.observerMasters;
  const sized = isCompared ? sizedPaths(valueBytes) : [];
  const assignment = await stage.assignRoles();
  for (const path of [...WRITE_PATHS, ...READ_PATHS, ...sized]) {
    if (path.at(assignment) === undefined) continue;
    const cell = { experiment: EXPERIMENT, stage, condition: path.condition, round: 0, of: 1 };
    const context = { stage, round: 0, start: 0, recorder, driver: lab.driver, write, windowMs };
    await cells.measure({ ...cell, isMended: false }, () => countPath(context, path));
  }
}

/** Paths that begin at an observer. */
const AT_OBSERVERS = 2;

/** About how long it takes. */
export function rolePathsMs(
  groups: readonly (readonly Topology[])[],
  { paths }: Pick<RolesOptions['roles'], 'paths'>,
): number {
  if (paths === undefined) return 0;
  const all = [...WRITE_PATHS, ...READ_PATHS].length;
  const loadsOf = ({ members, observerMasters }: Topology) => {
    if (!members.some(({ role }) => role === 'observer')) return all - AT_OBSERVERS;
    return all + (observerMasters ? 0 : paths.valueBytes.length);
  };
  const loads = groups.flat().reduce((sum, topology) => sum + loadsOf(topology), 0);
  const startsMs = groups.reduce((sum, group) => sum + Math.max(...group.map(ensembleMs)), 0);
  return startsMs + loads * loadMs(0, paths.windowMs);
}
