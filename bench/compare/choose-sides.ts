/** Turns what a person named into the sides of a comparison. */
import { RUNS_ROOT } from '../../results/runs-root.ts';
import { loadRun, matchingRuns } from '../../results/store.ts';
import { UsageError } from '../usage-error.ts';
import { type ComparedRun, comparedRun } from './compared-run.ts';
import { inputsKey } from './run-inputs.ts';
import { type Side, sideOf, sidesByInputs } from './side.ts';

const RUNS_MAX = 400;

/**
 * Each reference is a side: a run, or a pattern such as `2026-08-0*-quick`, whose runs are pooled. With
 * `pool` the runs of all references are sorted into sides by their build, inputs and machine.
 *
 * @returns at least two sides, in the order in which they were named. @throws UsageError, StoreError
 */
export async function chooseSides(
  references: readonly string[],
  pool: boolean,
  root = RUNS_ROOT,
): Promise<Side[]> {
  const named: Named[] = [];
  let count = 0;
  for (const reference of references) {
    const found = isPattern(reference) ? await matchingRuns(reference, root) : [reference];
    count += found.length;
    if (count > RUNS_MAX)
      throw new UsageError(`${count} runs or more are named; at most ${RUNS_MAX} can be compared`);
    const runs: ComparedRun[] = [];
    for (const run of found) runs.push(comparedRun(await loadRun(run, root)));
    named.push({ reference, runs });
  }
  if (pool) return pooledSides(named.flatMap(({ runs }) => runs));
  if (named.length < 2)
    throw new UsageError(
      `only ${references.join(', ') || 'nothing'} is named; a comparison needs two runs or patterns, or --pool with several runs`,
    );
  return eachOnOneSide(named).map(({ reference, runs, elsewhere = [] }) => {
    refuseMixture(reference, runs);
    const side = sideOf(runs);
    const leftOut = elsewhere.map(id => ({ id, reason: 'is on the other side' }));
    return { ...side, leftOut: [...leftOut, ...side.leftOut] };
  });
}

/** What one word of the command line names. */
interface Named {
  readonly reference: string;
  readonly runs: readonly ComparedRun[];
  /** Runs that its pattern matches and that are named by themselves. */
  readonly elsewhere?: readonly string[];
}

/**
 * A run that is named by itself, as by `latest`, is none of those that a pattern matches.
 * @throws UsageError for a run that is on two sides in any other way: it would be compared with itself
 */
function eachOnOneSide(named: readonly Named[]): Named[] {
  const single = named.filter(({ reference }) => !isPattern(reference)).flatMap(({ runs }) => runs);
  const alone = new Set(single.map(({ run }) => run.id));
  const sides = named.map((each): Named => {
    if (!isPattern(each.reference)) return each;
    const [elsewhere, runs] = [true, false].map(wanted =>
      each.runs.filter(({ run }) => alone.has(run.id) === wanted),
    ) as [ComparedRun[], ComparedRun[]];
    if (runs.length > 0) return { ...each, runs, elsewhere: elsewhere.map(({ run }) => run.id) };
    throw new UsageError(
      `"${each.reference}" matches only runs that are named by themselves: ${elsewhere.map(({ run }) => run.id).join(', ')}; accepted is each run on one side`,
    );
  });
  const sideOfRun = new Map<string, string>();
  for (const { reference, runs } of sides)
    for (const { run } of runs) {
      const other = sideOfRun.get(run.id);
      if (other !== undefined)
        throw new UsageError(
          `"${other}" and "${reference}" both name ${run.id}; accepted is each run on one side`,
        );
      sideOfRun.set(run.id, reference);
    }
  return sides;
}

function isPattern(reference: string): boolean {
  return /[*?]/.test(reference);
}

function pooledSides(runs: readonly ComparedRun[]): Side[] {
  const distinct = [...new Map(runs.map(run => [run.run.id, run])).values()];
  const sides = sidesByInputs(distinct);
  if (sides.length >= 2) return sides;
  throw new UsageError(
    `all ${distinct.length} runs are of one build with the same inputs on one machine, so --pool makes one side of them; name runs of another build or suite as well`,
  );
}

function refuseMixture(reference: string, runs: readonly ComparedRun[]): void {
  const [first, ...others] = runs;
  const other = others.find(run => inputsKey(run) !== inputsKey(first!));
  if (other !== undefined)
    throw new UsageError(
      `"${reference}" matches runs with different inputs or machines, such as ${first!.run.id} and ${other.run.id}; narrow the pattern, or let --pool sort them`,
    );
}
