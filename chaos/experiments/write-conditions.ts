/** The conditions under which writes are measured: which topologies they apply to, and their fault. */
import { z } from 'zod';
import type { Origin } from '../../bench/origin.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { CONDITIONS, observerLatencyOf } from '../../results/names.ts';
import { readFault } from '../faults/index.ts';
import { type ConditionFault, cutOff } from './condition-fault.ts';
import { LOAD_KINDS, type LoadKind } from './measurements/throughput.ts';
import type { RoleAssignment, Stage } from './stage.ts';
import type { Suite } from './suite.ts';

/** The keys of a suite about the conditions of writes. */
export const writeKeys = {
  /**
   * Conditions in addition to the built-in ones: a fault with its options, and the topologies that it applies
   * to (default: all). They are always measured, and claims may need them by name.
   */
  conditions: z
    .record(
      z.string(),
      z.looseObject({ fault: z.string(), topologies: z.array(z.string()).min(1).optional() }),
    )
    .default({}),
  /** Also measures voters beside processes that burn as much CPU as the observers of another topology do. */
  placebos: z.boolean().default(false),
};

export type WriteOptions = z.infer<z.ZodObject<typeof writeKeys>>;

export interface WriteCondition {
  /** The name that claims use. */
  readonly need: string;
  readonly condition: string;
  /** What is measured under it. */
  readonly loads: readonly LoadKind[];
  appliesTo(stage: Pick<Stage, 'name' | 'topology'>): boolean;
  faultOf(stage: Stage, assignment: RoleAssignment, suite: WriteOptions): ConditionFault;
}

const FAULT_CONDITIONS: readonly WriteCondition[] = [
  {
    need: 'oneVoterBlackholed',
    condition: CONDITIONS.oneVoterBlackholed,
    loads: ['saturated'],
    // The last of at least two followers, because the first is loaded. Observers behind a master that is cut
    // off would be looking for another one, which is a condition of its own.
    appliesTo: stage => countOf(stage, 'participant') > 2 && !stage.topology.observerMasters,
    faultOf: (stage, { victim }) => cutOff(stage, victim === undefined ? [] : [victim]),
  },
];

/** The built-in conditions, then those that the suite adds. */
export function conditionsOf({ origin, conditions }: Suite & WriteOptions): readonly WriteCondition[] {
  const own = Object.entries(conditions).map(([condition, written]): WriteCondition => {
    const { topologies, ...rest } = written;
    const fault = readFault(rest, origin.within('conditions', condition));
    return {
      need: condition,
      condition,
      loads: LOAD_KINDS,
      appliesTo: stage => topologies === undefined || topologies.includes(stage.name),
      faultOf: () => ({ fault, cut: [] }),
    };
  });
  return [...FAULT_CONDITIONS, ...own];
}

/** @throws UsageError for an invalid fault, an unknown topology, and a name that is taken */
export function checkConditions({ conditions, topologies: all }: Suite & WriteOptions, origin: Origin): void {
  const names: readonly string[] = Object.keys(all);
  const taken: readonly string[] = [...Object.keys(CONDITIONS), ...Object.values(CONDITIONS)];
  for (const [condition, { topologies = [], ...written }] of Object.entries(conditions)) {
    const at = origin.within('conditions', condition);
    if (taken.includes(condition) || observerLatencyOf(condition) !== undefined)
      throw new UsageError(`${at.at()}: a condition of zklab has this name; accepted is any other`);
    readFault(written, at);
    const unknown = topologies.find(topology => !names.includes(topology));
    if (unknown !== undefined)
      throw new UsageError(`${at.at('topologies')}: ${unknown}; accepted are ${names.join(', ')}`);
  }
}

function countOf({ topology }: Pick<Stage, 'topology'>, role: 'observer' | 'participant'): number {
  return topology.members.filter(member => member.role === role).length;
}
