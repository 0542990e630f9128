import type { Counterexample } from '../../results/schema.ts';
import { lanesOf } from '../lanes.ts';
import { wrap } from './wrap.ts';

const BAR_COLUMNS_MAX = 40;
const NARROW_COLUMNS = 70;

/**
 * One line for each operation, with a bar from its beginning to its end. An open bar has an unknown outcome;
 * `x` marks the answer without an explanation.
 */
export function counterexampleLines(counterexample: Counterexample, widthColumns: number): string[] {
  const { lanes, places } = lanesOf(counterexample);
  const columns = Math.min(BAR_COLUMNS_MAX, Math.max(1, places - 1) * 2, Math.floor(widthColumns / 3));
  const column = (place: number) => Math.round((place * columns) / Math.max(1, places - 1));
  const clients = lanes.map(({ operation }) => `client ${operation.process}`);
  const clientWidth = Math.max(0, ...clients.map(({ length }) => length));
  const lines = lanes.map(({ operation, from, to }, at) => {
    const start = column(from);
    const end = Number.isFinite(to) ? column(to) : columns;
    const inner = '-'.repeat(Math.max(0, end - start - 1));
    const bar = `${' '.repeat(start)}|${inner}${Number.isFinite(to) ? '|' : '>'}`.padEnd(columns + 2);
    const client = (clients[at] ?? '').padEnd(clientWidth);
    const mark = operation.isCulprit ? 'x' : ' ';
    return `${mark} ${client}  ${widthColumns < NARROW_COLUMNS ? '' : bar}  ${operation.operation}: ${operation.text}`;
  });
  return [...wrap(counterexample.title, widthColumns), ...lines.map(line => line.trimEnd())];
}
