/**
 * Measures what a role costs: as many processes in other roles, side by side, each within the same CPU
 * budget. Voters have direct links, and proxies stand only on the links of observers, where the faults are.
 * Every start has fresh ensembles.
 */

import { ensembleMs, loadMs } from '../../bench/rounds/expected-time.ts';
import { readTopology } from '../../bench/topology/read-topology.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { CONDITIONS } from '../../results/names.ts';
import type { Experiment } from './experiment.ts';
import { measureFreshStarts } from './fresh-starts.ts';
import { type RolesOptions, roleKeys } from './role-keys.ts';
import { countRolePaths, rolePathsMs } from './role-paths.ts';
import { cutTurns, latencyTurns, saturatedOf, throughputTurns } from './role-windows.ts';

/** A fault is injected, proved and healed, and a write commits; for the estimate alone. */
const FAULT_MS = 1_000;

/** Code is compiled once it has run often enough, so a warm-up needs many writes, whatever a window has. */
const WARM_UP_DEPTH = 16;

export const roles: Experiment<RolesOptions> = {
  name: 'roles',
  description:
    'writes of equal processes in other roles within equal CPU budgets, and what operations cost there',
  keys: roleKeys,
  check({ roles: { topologies, faultsOn = [] }, folder }, origin) {
    const names = Object.keys(topologies);
    const place = origin.at('roles', 'faultsOn');
    for (const name of faultsOn) {
      if (!names.includes(name)) throw new UsageError(`${place}: ${name}; accepted are ${names.join(', ')}`);
      const read = readTopology(topologies[name]!, origin.at('roles', 'topologies', name), folder);
      if (!read.members.some(({ role }) => role === 'observer'))
        throw new UsageError(`${place}: ${name} has no observers; accepted are topologies that have some`);
    }
  },
  withRounds: ({ roles }, rounds) => ({
    roles: { ...roles, starts: Math.ceil(rounds / roles.rounds) },
  }),
  provides: ({ roles: { topologies, paths }, observerLatency, origin, folder }) => [
    'roles',
    'observersBlackholed',
    ...(Object.entries(topologies).some(
      ([name, text]) => readTopology(text, origin.at('roles', 'topologies', name), folder).observerMasters,
    )
      ? ['rolesBehindMasters']
      : []),
    ...(paths === undefined ? [] : ['paths']),
    ...(observerLatency === undefined ? [] : ['observerLatency']),
  ],
  ownTopologies: ({ roles }) => ({
    texts: roles.topologies,
    budget: roles.budget,
    observersAreProxied: true,
  }),
  share: 0.6,
  expectedMs({ roles, load }, { own, needs }) {
    const { starts, rounds, warmupMs, settleMs, windowMs, faultsOn } = roles;
    const windowsMs = loadMs(settleMs, windowMs);
    const pairsMs =
      (needs.has('observersBlackholed') ? 2 * windowsMs + FAULT_MS : 0) +
      (needs.has('observerLatency') ? 2 * loadMs(load.warmupMs, load.pacedMs) + FAULT_MS : 0);
    const ofGroup = (group: readonly Topology[]) => {
      const healthy = needs.has('roles') ? group.length : 0;
      const faulty = group.filter(each => suffers(each, faultsOn)).length;
      const measuredMs = rounds * (healthy * windowsMs + faulty * pairsMs);
      return Math.max(...group.map(ensembleMs)) + loadMs(0, warmupMs * group.length) + measuredMs;
    };
    const groups = timedGroups(own, needs, faultsOn);
    const countedMs = needs.has('paths') ? rolePathsMs(bySize(own), roles) : 0;
    return countedMs + starts * groups.reduce((sum, group) => sum + ofGroup(group), 0);
  },
  async run(options) {
    const { suite, lab, cells, recorder, needs } = options;
    const { starts, rounds, budget, warmupMs, topologies, faultsOn } = suite.roles;
    const own = lab.ownTopologies(topologies);
    if (needs.has('paths')) await countRolePaths(options, bySize(own), this.share);
    const groups = timedGroups(own, needs, faultsOn);
    if (groups.length === 0) return;
    await measureFreshStarts(options, {
      experiment: this.name,
      ...{ starts, rounds, groups, budget, share: this.share, observersAreProxied: true },
      warmUp: saturatedOf(options, { warmupMs: 0, saturatedMs: warmupMs, depth: WARM_UP_DEPTH }),
      limited(started, start) {
        const cut = started.filter(({ stage }) => stage.hasLinks && suffers(stage.topology, faultsOn));
        return [
          ...(needs.has('roles') ? [throughputTurns(options, started, start)] : []),
          ...(needs.has('observersBlackholed') ? [cutTurns(options, cut, start)] : []),
        ];
      },
      unlimited(stages, start) {
        const slowed = stages.filter(stage => stage.hasLinks && suffers(stage.topology, faultsOn));
        return needs.has('observerLatency') ? latencyTurns(options, slowed, start) : [];
      },
      lost({ name: topology }, start, reason) {
        const place = { topology, condition: CONDITIONS.healthy };
        for (let round = start * rounds; round < (start + 1) * rounds; round++) {
          cells.lose({ experiment: roles.name, ...place }, round, reason);
          recorder.voided({ ...place, metric: 'writeThroughput' }, round, reason);
        }
      },
    });
  },
};

/**
 * The ensembles of which something is timed. If only the faults of observers are asked for, these are the
 * ones with such faults.
 */
function timedGroups(
  topologies: readonly Topology[],
  needs: ReadonlySet<string>,
  faultsOn: readonly string[] | undefined,
): Topology[][] {
  if (needs.has('roles')) return bySize(topologies);
  const isBroken = needs.has('observersBlackholed') || needs.has('observerLatency');
  return bySize(isBroken ? topologies.filter(each => suffers(each, faultsOn)) : []);
}

/** Whether its observers are slowed and cut off. */
function suffers({ name, members }: Topology, faultsOn: readonly string[] | undefined): boolean {
  return (faultsOn?.includes(name) ?? true) && members.some(({ role }) => role === 'observer');
}

/** Only ensembles of as many processes are compared, so only those run at the same time. */
function bySize(topologies: readonly Topology[]): Topology[][] {
  const groups = new Map<number, Topology[]>();
  for (const topology of topologies) {
    const { length } = topology.members;
    groups.set(length, [...(groups.get(length) ?? []), topology]);
  }
  return [...groups.values()];
}
