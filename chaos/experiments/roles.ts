/**
 * Measures what a role costs: as many processes in other roles, side by side, each within the same CPU
 * budget. Voters have direct links, and proxies stand only on the links of observers, where the faults are.
 * Every start has fresh ensembles.
 */

import { ensembleMs, loadMs } from '../../bench/rounds/expected-time.ts';
import type { Turn } from '../../bench/rounds/interleaving.ts';
import { readTopology } from '../../bench/topology/read-topology.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { CONDITIONS } from '../../results/names.ts';
import type { Experiment } from './experiment.ts';
import { measureFreshStarts } from './fresh-starts.ts';
import { type MeasureOptions, writeLoadOf } from './measure-options.ts';
import { countPath, READ_PATHS, sizedPaths, WRITE_PATHS } from './measurements/paths.ts';
import { type RolesOptions, roleKeys } from './role-keys.ts';
import { cutTurns, latencyTurns, saturatedOf, throughputTurns } from './role-windows.ts';
import { hasObservers, type Stage } from './stage.ts';

/** A fault is injected, proved and healed, and a write commits; for the estimate alone. */
const FAULT_MS = 1_000;

/** Code is compiled once it has run often enough, so a warm-up needs many writes, whatever a window has. */
const WARM_UP_DEPTH = 16;

export const roles: Experiment<RolesOptions> = {
  name: 'roles',
  description:
    'writes of equal processes in other roles within equal CPU budgets, and what operations cost there',
  keys: roleKeys,
  check({ roles: { topologies, faultsOn = [] } }, origin) {
    const names = Object.keys(topologies);
    const unknown = faultsOn.find(name => !names.includes(name));
    if (unknown !== undefined)
      throw new UsageError(`${origin.at('roles', 'faultsOn')}: ${unknown}; accepted are ${names.join(', ')}`);
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
  ownTopologies: ({ roles }) => ({ texts: roles.topologies, budget: roles.budget }),
  share: 0.6,
  expectedMs({ roles, load }, { own, needs }) {
    const { starts, rounds, warmupMs, settleMs, windowMs, faultsOn } = roles;
    const windowsMs = loadMs(settleMs, windowMs);
    const pairsMs =
      (needs.has('observersBlackholed') ? 2 * windowsMs + FAULT_MS : 0) +
      (needs.has('observerLatency') ? 2 * loadMs(load.warmupMs, load.pacedMs) + FAULT_MS : 0);
    const ofGroup = (group: readonly Topology[]) => {
      const faulty = group.filter(each => suffers(each, faultsOn)).length;
      const measuredMs = rounds * (group.length * windowsMs + faulty * pairsMs);
      return Math.max(...group.map(ensembleMs)) + loadMs(0, warmupMs * group.length) + measuredMs;
    };
    return starts * bySize(own).reduce((sum, group) => sum + ofGroup(group), 0);
  },
  async run(options) {
    const { suite, lab, cells, recorder, needs } = options;
    const { starts, rounds, budget, warmupMs, topologies, faultsOn } = suite.roles;
    const isWanted = (topology: Topology) =>
      needs.has('roles') || needs.has('paths') || suffers(topology, faultsOn);
    // Counts do not differ from start to start.
    const isCounted = !['roles', 'observersBlackholed', 'observerLatency'].some(need => needs.has(need));
    await measureFreshStarts(options, {
      experiment: this.name,
      ...(isCounted ? { starts: 1, rounds: 1 } : { starts, rounds }),
      ...{ budget, share: this.share, observersAreProxied: true },
      groups: bySize(lab.ownTopologies(topologies).filter(isWanted)),
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
        return [
          ...(needs.has('observerLatency') ? latencyTurns(options, slowed, start) : []),
          ...(needs.has('paths') && start === 0 ? stages.map(stage => pathsTurn(options, stage)) : []),
        ];
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

/** Whether its observers are slowed and cut off. */
function suffers({ name, members }: Topology, faultsOn: readonly string[] | undefined): boolean {
  return (faultsOn?.includes(name) ?? true) && members.some(({ role }) => role === 'observer');
}

function pathsTurn(options: MeasureOptions<RolesOptions>, stage: Stage): Turn {
  return { measure: async round => (round === 0 ? countPaths(options, stage) : undefined) };
}

/** Sizes matter only where a follower and an observer can be compared: both at the leader. */
async function countPaths(options: MeasureOptions<RolesOptions>, stage: Stage): Promise<void> {
  const { cells, lab, recorder, suite } = options;
  const { windowMs, valueBytes } = suite.roles.paths!;
  const write = writeLoadOf(options);
  const isCompared = hasObservers(stage) && !stage.topology.observerMasters;
  const sized = isCompared ? sizedPaths(valueBytes) : [];
  const cast = await stage.cast();
  for (const path of [...WRITE_PATHS, ...READ_PATHS, ...sized]) {
    if (path.at(cast) === undefined) continue;
    const cell = { experiment: roles.name, stage, condition: path.condition, round: 0, of: 1 };
    const occasion = { stage, round: 0, start: 0, recorder, driver: lab.driver, write, windowMs };
    await cells.measure({ ...cell, isMended: false }, () => countPath(occasion, path));
  }
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
