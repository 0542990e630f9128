/** A side of a comparison: one run, or several that are pooled. */
import { whyBusy } from '../../results/busy-machine.ts';
import type { ComparisonSide } from '../../results/comparison.ts';
import type { ComparedRun } from './compared-run.ts';
import { inputsKey } from './run-inputs.ts';

export interface Side {
  /** Oldest first; at least one. */
  readonly runs: readonly ComparedRun[];
  readonly leftOut: ComparisonSide['leftOut'];
  /** Why it does not count. */
  readonly voidReasons: readonly string[];
}

/**
 * Pools runs. A void run, or one on a busy machine, is left out of several; a single run is kept, so that a
 * reader sees what it says, with the reason why it does not count.
 */
export function sideOf(runs: readonly ComparedRun[]): Side {
  const sorted = [...runs].sort((x, y) => Date.parse(x.run.startedAt) - Date.parse(y.run.startedAt));
  if (sorted.length === 1) return { runs: sorted, leftOut: [], voidReasons: voidReasonsOf(sorted[0]!) };
  const judged = sorted.map(run => ({ run, reason: whyLeftOut(run) }));
  const kept = judged.filter(({ reason }) => reason === undefined).map(({ run }) => run);
  const leftOut = judged.flatMap(({ run, reason }) =>
    reason === undefined ? [] : [{ id: run.run.id, reason }],
  );
  if (kept.length > 0) return { runs: kept, leftOut, voidReasons: kept.flatMap(incompleteReasonsOf) };
  return {
    runs: sorted,
    leftOut: [],
    voidReasons: leftOut.map(({ id, reason }) => `${id} ${reason}`),
  };
}

/** A side for each build and input, in the order of their first runs. */
export function sidesByInputs(runs: readonly ComparedRun[]): Side[] {
  const sorted = [...runs].sort((x, y) => Date.parse(x.run.startedAt) - Date.parse(y.run.startedAt));
  const groups = new Map<string, ComparedRun[]>();
  for (const run of sorted) {
    const key = JSON.stringify([run.environment.git, inputsKey(run)]);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return [...groups.values()].map(sideOf);
}

function whyLeftOut(run: ComparedRun): string | undefined {
  if (run.validity.void) return voidText(run);
  const busy = whyBusy(run);
  return busy === undefined ? undefined : `was measured on a busy machine: ${busy}`;
}

function voidReasonsOf(run: ComparedRun): string[] {
  return [...(run.validity.void ? [`${run.run.id} ${voidText(run)}`] : []), ...incompleteReasonsOf(run)];
}

function voidText({ validity }: ComparedRun): string {
  return `is void: ${validity.reasons.join('; ') || 'no reason given'}`;
}

function incompleteReasonsOf({ run, validity }: ComparedRun): string[] {
  const { interrupted, unmeasured = [] } = validity;
  return [
    ...(interrupted === undefined ? [] : [`${run.id} was interrupted ${interrupted}`]),
    ...unmeasured.map(each => `${run.id} was asked for something that it did not measure: ${each}`),
  ];
}

/** The side as a document says it. */
export function sideRow({ runs, leftOut }: Side): ComparisonSide {
  return {
    runs: runs.map(({ run }) => run.id),
    suite: unique(runs.map(({ run }) => run.suite)),
    commit: unique(
      runs.map(({ environment: { git } }) => git.commit.slice(0, 9) + (git.dirty ? ' and changes' : '')),
    ),
    machine: machineOf(runs),
    leftOut: [...leftOut],
  };
}

export function unique(values: readonly string[]): string {
  return [...new Set(values)].join(' or ');
}

/** What others may use of the cores without being named. */
const OTHERS_SHARE_MIN = 0.1;

/** `load 1.8–4.5, steal 1.9 %`: the worst of several runs. */
export function machineOf(runs: readonly ComparedRun[]): string {
  const uses = runs.flatMap(({ machineUse }) => machineUse ?? []);
  if (uses.length === 0) return '';
  const loads = uses.flatMap(({ loadAverageBefore, loadAverageAfter }) => [
    loadAverageBefore,
    loadAverageAfter,
  ]);
  const others = Math.max(...uses.map(({ cores, othersCores = 0 }) => othersCores / cores));
  const steal = Math.max(...uses.map(({ stealShare = Number.NaN }) => stealShare));
  const [least, most] = [Math.min(...loads), Math.max(...loads)].map(load => load.toFixed(1));
  return [
    `load ${least === most ? least : `${least}–${most}`}`,
    ...(Number.isNaN(steal) ? [] : [`steal ${(steal * 100).toFixed(1)} %`]),
    ...(others < OTHERS_SHARE_MIN ? [] : [`others ${(others * 100).toFixed(0)} % of the cores`]),
  ].join(', ');
}
