/** Matches the cells of two sides: the same metric, topology and condition. */
import { PROOFS } from '../../results/names.ts';
import type { Measurement } from '../../results/schema.ts';
import { type CellComparison, compareCell } from './cell-comparison.ts';
import { cellKey } from './compared-run.ts';
import type { Side } from './side.ts';

export interface MatchedCells {
  readonly cells: readonly CellComparison[];
  /** `writeThroughput, observers, healthy`: cells that only one side measured. */
  readonly onlyInA: readonly string[];
  readonly onlyInB: readonly string[];
}

export function matchCells(a: Side, b: Side): MatchedCells {
  const [cellsA, cellsB] = [measurementsOf(a), measurementsOf(b)];
  const only = (of: ReadonlyMap<string, Measurement[]>, other: ReadonlyMap<string, Measurement[]>) =>
    [...of].flatMap(([key, [first]]) =>
      other.has(key) ? [] : [`${first!.metric}, ${first!.topology}, ${first!.condition}`],
    );
  return {
    cells: [...cellsA].flatMap(([key, measured]) => {
      const others = cellsB.get(key);
      return others === undefined ? [] : [compareCell(measured, others)];
    }),
    onlyInA: only(cellsA, cellsB),
    onlyInB: only(cellsB, cellsA),
  };
}

/** By cell, one measurement for each run. */
export function measurementsOf({ runs }: Side): Map<string, Measurement[]> {
  const found = new Map<string, Measurement[]>();
  for (const measurement of runs.flatMap(({ measurements }) => measurements)) {
    if (PROOFS.includes(measurement.metric)) continue;
    const key = cellKey(measurement);
    found.set(key, [...(found.get(key) ?? []), measurement]);
  }
  return found;
}
