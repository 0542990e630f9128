/** The conditions under which writes are measured: which topologies they concern, and their fault. */
import type { Member } from '../../bench/topology/member.ts';
import { CONDITIONS } from '../../results/names.ts';
import { blackhole } from '../faults/blackhole.ts';
import type { Fault } from '../faults/fault.ts';
import { readFault } from '../faults/index.ts';
import { latency } from '../faults/latency.ts';
import type { Cast, Stage } from './stage.ts';
import type { Suite } from './suite.ts';

export interface WriteCondition {
  /** As claims name it. */
  readonly need: string;
  readonly condition: string;
  /** Undefined: it does not concern this topology. */
  faultOf(stage: Stage, cast: Cast, suite: Suite): ConditionFault | undefined;
}

export interface ConditionFault {
  readonly fault: Fault;
  /** Members that nobody can reach under it. */
  readonly cut: readonly Member[];
}

const FAULT_CONDITIONS: readonly WriteCondition[] = [
  {
    need: 'observerLatency',
    condition: CONDITIONS.observerLatency,
    faultOf(stage, { observers }, { observerLatency: { ms, jitterMs } }) {
      if (observers.length === 0) return undefined;
      const select = { from: stage.ends(observers), to: 'any', both: true } as const;
      return { fault: latency({ select, latencyMs: ms, jitterMs }), cut: [] };
    },
  },
  {
    need: 'observersBlackholed',
    condition: CONDITIONS.observersBlackholed,
    faultOf: (stage, { observers }) => (observers.length === 0 ? undefined : cutOff(stage, observers)),
  },
  {
    need: 'oneVoterBlackholed',
    condition: CONDITIONS.oneVoterBlackholed,
    // The last of at least two followers: the first is loaded.
    faultOf: (stage, { victim, keptFollower }) =>
      victim === undefined || victim === keptFollower ? undefined : cutOff(stage, [victim]),
  },
];

/** The built-in ones, then those that the suite adds. */
export function conditionsOf(suite: Suite): readonly WriteCondition[] {
  const own = Object.entries(suite.conditions).map(([name, written]): WriteCondition => {
    const { topologies, ...rest } = written;
    const fault = readFault(rest, `suite ${suite.name}: conditions.${name}`);
    return {
      need: name,
      condition: name,
      faultOf: stage =>
        topologies === undefined || topologies.includes(stage.name) ? { fault, cut: [] } : undefined,
    };
  });
  return [...FAULT_CONDITIONS, ...own];
}

/** All bytes between these members and all others vanish, both ways. */
export function cutOff(stage: Stage, members: readonly Member[]): ConditionFault {
  return {
    fault: blackhole({ select: { from: stage.ends(members), to: 'any', both: true } }),
    cut: members,
  };
}
