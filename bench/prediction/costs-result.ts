/**
 * The result of `zklab bench costs`: the windows themselves, and the CPU of each role for whoever compares
 * runs.
 */
import type { Death, MachineUse, Measurement, Result, WorkWindow } from '../../results/schema.ts';
import { SCHEMA_VERSION } from '../../results/schema.ts';
import { FULL_VERSION } from '../../server/version.ts';
import type { Environment } from '../measure/environment.ts';
import { environmentRow, NO_TOXIPROXY, topologyRow } from '../measure/result-rows.ts';
import type { RecordedRun } from '../recorded-run.ts';
import { summaryOf } from '../stats/result-form.ts';
import { median } from '../stats/summary.ts';
import type { Topology } from '../topology/topology.ts';
import { type Cell, LOADS, loadsOf, loadText } from './cells.ts';
import { MEMBER_ROLES, type MemberRole } from './work.ts';

export interface CostsRun {
  readonly run: RecordedRun;
  readonly rounds: number;
  readonly windowMs: number;
  readonly warmupMs: number;
  readonly sessions: number;
  readonly environment: Environment;
  readonly machineUse: MachineUse;
  readonly cells: readonly Cell[];
  /** By the text of each. */
  readonly topologies: ReadonlyMap<string, Topology>;
  readonly windows: readonly WorkWindow[];
  readonly deaths: readonly Death[];
  readonly exitCode: number;
  readonly voidReasons: readonly string[];
  readonly unmeasured: readonly string[];
  readonly interrupted: string | undefined;
  readonly busy: string | undefined;
  readonly lateWindows: number;
}

export const COSTS_SUITE = 'costs';
const SEED = 1;

export function costsResult(costs: CostsRun): Result {
  const { run, rounds, windowMs, warmupMs, sessions, cells, windows, voidReasons, unmeasured } = costs;
  return {
    schemaVersion: SCHEMA_VERSION,
    run: {
      id: run.id,
      name: COSTS_SUITE,
      suite: COSTS_SUITE,
      startedAt: run.startedAt.toISOString(),
      endedAt: new Date().toISOString(),
      seed: SEED,
      commandLine: `zklab bench costs --rounds ${rounds} --window ${windowMs}ms --warmup ${warmupMs}ms`,
      exitCode: costs.exitCode,
    },
    environment: environmentRow(costs.environment, {
      server: { implementation: 'zklab', version: FULL_VERSION },
      toxiproxy: NO_TOXIPROXY,
    }),
    machineUse: costs.machineUse,
    inputs: JSON.parse(JSON.stringify({ rounds, windowMs, warmupMs, sessions, loads: LOADS, cells })),
    topologies: cells.map(cell => ({
      ...topologyRow(costs.topologies.get(cell.topology)!, { links: 'direct' as const }),
      name: cell.name,
    })),
    claims: [],
    measurements: cells.flatMap(cell => measurementsOf(cell, windows)),
    availability: [],
    syncs: [],
    timelines: [],
    faults: [],
    deaths: [...costs.deaths],
    workWindows: [...windows],
    validity: {
      void: voidReasons.length > 0,
      reasons: [...voidReasons],
      ...(costs.interrupted !== undefined && { interrupted: costs.interrupted }),
      ...(unmeasured.length > 0 && { unmeasured: [...unmeasured] }),
    },
    limits: limitsOf(costs),
  };
}

function limitsOf({ busy, lateWindows, windows }: CostsRun): string[] {
  return [
    'All members, the driver and the sinks share the cores of one machine: a core that is shared, or that its neighbours heat, does less in a second of CPU.',
    'The driver sends in groups once a millisecond, so writes share flushes and fsyncs more than those of independent clients.',
    ...(lateWindows > 0
      ? [
          `In ${lateWindows} of ${windows.length} windows the driver was late or held up, so its writes came in larger groups.`,
        ]
      : []),
    ...(busy === undefined ? [] : [`${busy.charAt(0).toUpperCase()}${busy.slice(1)}.`]),
  ];
}

function measurementsOf(cell: Cell, windows: readonly WorkWindow[]): Measurement[] {
  return loadsOf(cell).flatMap(paced => {
    const of = windows.filter(
      ({ topology, ratePerSecond, valueBytes }) =>
        topology === cell.name && ratePerSecond === paced.ratePerSecond && valueBytes === paced.valueBytes,
    );
    return MEMBER_ROLES.flatMap(role => {
      const samples = of.flatMap(window => {
        const value = corePercentOf(window, role);
        return value === undefined ? [] : [{ round: window.round, value }];
      });
      if (samples.length === 0) return [];
      const estimate = median(samples.map(({ value }) => value));
      const condition = loadText(paced);
      const metric = `${role}Cpu`;
      return [
        {
          id: `${metric} ${cell.name} ${condition}`,
          metric,
          topology: cell.name,
          condition,
          unit: '% of a core',
          higherIsBetter: false,
          samples,
          summary: summaryOf(estimate, estimate.warnings),
        },
      ];
    });
  });
}

/** Of the mean member of the role. */
function corePercentOf({ members, seconds }: WorkWindow, role: MemberRole): number | undefined {
  const of = members.filter(each => each.role === role);
  if (of.length === 0) return undefined;
  return of.reduce((sum, { cpuUs }) => sum + cpuUs, 0) / of.length / seconds / 1e4;
}
