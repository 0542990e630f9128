/** A workload of a matrix: one of the project, one from a file, or one that the suite itself describes. */
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { isOpenLoop, type LoadMode, type LoadResult } from '../load/load-spec.ts';
import { indexOf, isWrite, type OperationName, RECIPES_FROM } from '../load/workload/operations.ts';
import type { WorkloadSpec } from '../load/workload/workload.ts';
import { type LoadPlan, planOf, readWorkload, workloadSchema } from '../load/workload/workload-file.ts';
import type { Origin } from '../origin.ts';
import { UsageError } from '../usage-error.ts';

const { arrivals, sessionsPerMember, valueBytes, keyCount } = workloadSchema.shape;

/** Why rounds of such a load are not alike. */
const UNSTEADY =
  'a matrix repeats a load of a steady rate (closed, constant, poisson), and zklab bench load runs the others';

const described = workloadSchema.omit({ include: true, description: true, root: true }).extend({
  arrivals: arrivals
    .default({ kind: 'closed', depth: 16 })
    .describe(
      'Closed: requests in flight in each session, for throughput. Otherwise requests per second over all sessions, for latency.',
    ),
  sessionsPerMember: sessionsPerMember
    .default(4)
    .describe('Sessions at each member that clients connect to.'),
  valueBytes: valueBytes.default(100).describe('Size of the values.'),
  keyCount: keyCount.default(1_000).describe('Znodes that are read and written.'),
});

export const matrixWorkload = z.union([z.string(), described], {
  error: ({ input }) =>
    typeof input === 'object' && input !== null && 'replay' in input
      ? `one without replay: ${UNSTEADY}`
      : 'the name of a workload, the path of a .yaml file, or its keys',
});

export type WrittenWorkload = z.infer<typeof matrixWorkload>;

/** What the driver needs to run it. */
export interface MatrixWorkload {
  readonly name: string;
  readonly mode: LoadMode;
  readonly sessionsPerMember: number;
  /** All but the seed, which belongs to the run. */
  readonly spec: Omit<WorkloadSpec, 'seed'>;
  readonly writes: boolean;
  readonly reads: boolean;
  /** The content of its file, with defaults. */
  readonly written: LoadPlan['written'];
}

/**
 * @param folder where the path of a file begins
 * @param origin of the workload in its suite, for errors
 * @throws UsageError
 */
export function workloadOf(
  name: string,
  given: WrittenWorkload,
  folder: string,
  origin: Origin,
): MatrixWorkload {
  const plan = planFor(name, given, folder, origin);
  const used = (Object.entries(plan.workload.mix) as [OperationName, number | undefined][])
    .filter(([, weight = 0]) => weight > 0)
    .map(([operation]) => operation);
  const recipe = used.find(operation => indexOf(operation) >= RECIPES_FROM);
  if (recipe !== undefined)
    throw new UsageError(
      `${origin.at()}: ${recipe} takes several requests; a matrix measures single ones, and zklab bench load the others`,
    );
  if (plan.mode.kind === 'profile' || plan.mode.kind === 'replay')
    throw new UsageError(
      `${origin.at()}: ${plan.mode.kind === 'replay' ? 'it replays a recording' : 'its rate changes'}; ${UNSTEADY}`,
    );
  if (plan.drivers > 1)
    throw new UsageError(
      `${origin.at()}: drivers: ${plan.drivers}; accepted in a matrix is 1, and zklab bench load runs several`,
    );
  return {
    name,
    mode: plan.mode,
    sessionsPerMember: plan.sessionsPerMember,
    // Several workloads share an ensemble, so each has znodes of its own.
    spec: { ...plan.workload, root: `/load-${name}` },
    writes: used.some(operation => isWrite[operation]),
    reads: used.some(operation => !isWrite[operation]),
    written: plan.written,
  };
}

function planFor(name: string, given: WrittenWorkload, folder: string, origin: Origin): LoadPlan {
  if (typeof given !== 'string') return planOf({ description: '', ...given }, name, origin, folder);
  const isFile = /\.ya?ml$/.test(given);
  try {
    return readWorkload(isFile && !isAbsolute(given) ? join(folder, given) : given);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${origin.at()}: ${error.message}`);
  }
}

/** The operations of a load that commit transactions, or those that do not. */
export function operationsOf({ operations }: LoadResult, kind: 'write' | 'read') {
  return operations.filter(({ operation }) => isWrite[operation] === (kind === 'write'));
}

/** Whether it measures throughput, and not latency. */
export function isClosedLoop({ mode }: MatrixWorkload): boolean {
  return !isOpenLoop(mode);
}
