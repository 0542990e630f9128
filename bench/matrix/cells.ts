/** The cells of a matrix: combinations of its axes, less what is excluded, and the control of each. */
import type { Origin } from '../origin.ts';
import { checkedSettings } from '../topology/topology.ts';
import { UsageError } from '../usage-error.ts';
import type { ExtraCell, MatrixKeys, Selector } from './matrix-schema.ts';
import {
  type Axes,
  type Coordinates,
  checkSelector,
  matches,
  NAMED_AXES,
  type NamedAxis,
} from './selector.ts';

/** More cells than this take days, or were not meant. */
const CELLS_MAX = 200;

export interface MatrixCell extends Coordinates {
  /** `voters3, b100, snapCount=1000` */
  readonly id: string;
  /** All of it but the topology, as results name the condition: only what differs between cells. */
  readonly label: string;
  readonly tags: readonly string[];
  /** Id of the cell that it is compared with. Undefined for a control, and where no cell is one. */
  readonly control: string | undefined;
}

/** @throws UsageError naming the line, the key, its value and what is accepted */
export function cellsOf(keys: MatrixKeys, origin: Origin): MatrixCell[] {
  const axes = axesOf(keys, origin);
  const extra = keys.matrix.include.map((cell, index) => extraOf(keys, cell, axes, origin, index));
  const kept = withoutExcluded(keys, axes, combinations(keys, origin), origin);
  const places = [...kept, ...extra.map(({ at }) => at)];
  if (places.length === 0)
    throw new UsageError(`${origin.at('matrix', 'exclude')}: no cell is left; at least one is needed`);
  if (places.length > CELLS_MAX)
    throw new UsageError(
      `${origin.at('matrix')}: ${places.length} cells; at most ${CELLS_MAX} are accepted, so leave some out with exclude`,
    );
  const label = labelsOf(places);
  const idOf = (at: Coordinates) => [at.topology, label(at)].filter(part => part !== '').join(', ');
  const twice = places.map(idOf).find((id, index, ids) => ids.indexOf(id) < index);
  if (twice !== undefined)
    throw new UsageError(
      `${origin.at('matrix', 'include')}: the cell ${twice} is there twice; accepted is one of each`,
    );
  const tagsOf = checkedTags(keys, axes, places, origin);
  const controlOf = controlsOf(keys, axes, places, origin);
  return places.map(at => {
    const control = controlOf(at);
    const own = extra.find(each => each.at === at)?.tags ?? [];
    return {
      ...at,
      id: idOf(at),
      label: label(at),
      tags: [...new Set([...tagsOf(at), ...own])],
      control: control === undefined || control === at ? undefined : idOf(control),
    };
  });
}

/**
 * The cells that have one of these tags, and their controls.
 * @throws UsageError for a tag that no cell has
 */
export function tagged(cells: readonly MatrixCell[], tags: readonly string[]): MatrixCell[] {
  const known = [...new Set(cells.flatMap(cell => cell.tags))];
  const unknown = tags.find(tag => !known.includes(tag));
  if (unknown !== undefined)
    throw new UsageError(`--only ${unknown}: no cell has this tag; accepted are ${known.sort().join(', ')}`);
  const chosen = cells.filter(cell => cell.tags.some(tag => tags.includes(tag)));
  const wanted = new Set(chosen.flatMap(({ id, control }) => (control === undefined ? [id] : [id, control])));
  return cells.filter(({ id }) => wanted.has(id));
}

function axesOf({ matrix }: MatrixKeys, origin: Origin): Axes {
  const names = {
    topology: Object.keys(matrix.topologies),
    workload: Object.keys(matrix.workloads),
    condition: Object.keys(matrix.conditions),
  };
  const all = NAMED_AXES.flatMap(axis => names[axis]);
  const twice = all.find((name, index) => all.indexOf(name) < index);
  if (twice !== undefined)
    throw new UsageError(
      `${origin.at('matrix')}: ${twice} names two things; accepted is one of each name, for --only takes names`,
    );
  const extra = matrix.include.flatMap(({ settings }) => Object.keys(settings));
  return { names, settings: [...new Set([...Object.keys(matrix.settings), ...extra])] };
}

function combinations({ matrix }: MatrixKeys, origin: Origin): Coordinates[] {
  const at = origin.within('matrix');
  let settings: Record<string, string>[] = [{}];
  for (const [key, values] of Object.entries(matrix.settings)) {
    checkValues(values.map(String), key, at);
    settings = settings.flatMap(one => values.map(value => ({ ...one, [key]: String(value) })));
  }
  for (const one of settings) checkedSettings(one, at);
  return Object.keys(matrix.topologies).flatMap(topology =>
    Object.keys(matrix.conditions).flatMap(condition =>
      settings.flatMap(each =>
        Object.keys(matrix.workloads).map(workload => ({ topology, workload, condition, settings: each })),
      ),
    ),
  );
}

function checkValues(values: readonly string[], key: string, origin: Origin): void {
  const twice = values.find((value, index) => values.indexOf(value) < index);
  if (twice !== undefined)
    throw new UsageError(
      `${origin.at('settings', key)}: ${twice} is there twice; accepted is one of each value`,
    );
}

function extraOf(
  { matrix }: MatrixKeys,
  { topology, workload, condition, settings, tags }: ExtraCell,
  axes: Axes,
  origin: Origin,
  index: number,
): { readonly at: Coordinates; readonly tags: readonly string[] } {
  const at = origin.within('matrix', 'include', index);
  checkSelector({ topology, workload, condition }, axes, at);
  const [first] = Object.keys(matrix.conditions);
  const own = checkedSettings(settings, at);
  return { at: { topology, workload, condition: condition ?? first!, settings: own }, tags };
}

function withoutExcluded(
  { matrix }: MatrixKeys,
  axes: Axes,
  cells: readonly Coordinates[],
  origin: Origin,
): Coordinates[] {
  for (const [index, selector] of matrix.exclude.entries()) {
    const at = origin.within('matrix', 'exclude', index);
    checkSelector(selector, axes, at);
    if (!cells.some(cell => matches(selector, cell)))
      throw new UsageError(`${at.at()}: no cell has these coordinates, so there is nothing to leave out`);
  }
  return cells.filter(cell => !matrix.exclude.some(selector => matches(selector, cell)));
}

/** Only what differs between cells tells them apart. */
function labelsOf(cells: readonly Coordinates[]): (cell: Coordinates) => string {
  const varies = (of: (cell: Coordinates) => string | undefined) => new Set(cells.map(of)).size > 1;
  const named = (['workload', 'condition'] as const).filter(axis => varies(cell => cell[axis]));
  const keys = [...new Set(cells.flatMap(({ settings }) => Object.keys(settings)))];
  const set = keys.filter(key => varies(({ settings }) => settings[key]));
  return cell =>
    [
      ...named.map(axis => cell[axis]),
      ...set.flatMap(key => (cell.settings[key] === undefined ? [] : [`${key}=${cell.settings[key]}`])),
    ].join(', ');
}

/** Names of axes are tags of their cells. */
function checkedTags(
  { tags }: MatrixKeys,
  axes: Axes,
  cells: readonly Coordinates[],
  origin: Origin,
): (cell: Coordinates) => string[] {
  for (const [tag, written] of Object.entries(tags)) {
    const at = origin.within('tags', tag);
    if (NAMED_AXES.some(axis => axes.names[axis].includes(tag)))
      throw new UsageError(
        `${at.at()}: an axis has this name, which is a tag already; accepted is any other`,
      );
    const selectors: readonly Selector[] = [written].flat();
    for (const [index, selector] of selectors.entries())
      checkSelector(selector, axes, Array.isArray(written) ? at.within(index) : at);
    if (!cells.some(cell => selectors.some(selector => matches(selector, cell))))
      throw new UsageError(`${at.at()}: it selects no cell; at least one is needed`);
  }
  return cell => [
    ...NAMED_AXES.map(axis => cell[axis]),
    ...Object.entries(cell.settings).map(([key, value]) => `${key}=${value}`),
    ...Object.entries(tags).flatMap(([tag, written]) =>
      [written].flat().some(selector => matches(selector, cell)) ? [tag] : [],
    ),
  ];
}

/**
 * A cell is compared with the one that has the coordinates of the baseline, and otherwise its own. One that
 * has them itself is a control.
 */
function controlsOf(
  { baseline, matrix }: MatrixKeys,
  axes: Axes,
  cells: readonly Coordinates[],
  origin: Origin,
): (cell: Coordinates) => Coordinates | undefined {
  const at = origin.within('baseline');
  if (baseline === undefined) return () => cells[0];
  checkSelector(baseline, axes, at);
  const many = NAMED_AXES.find(axis => Array.isArray(baseline[axis]));
  const manyValues = Object.entries(baseline.settings ?? {}).find(([, values]) => Array.isArray(values))?.[0];
  if (many !== undefined || manyValues !== undefined)
    throw new UsageError(
      `${many === undefined ? at.at('settings', manyValues!) : at.at(many)}: several; accepted is one`,
    );
  const controlOf = (cell: Coordinates) => {
    const settings = { ...cell.settings, ...textsOf(baseline.settings) };
    const wanted = { ...cell, ...onlyNames(baseline), settings };
    return cells.find(other => isSame(other, wanted));
  };
  if (!cells.some(cell => controlOf(cell) !== undefined && controlOf(cell) !== cell))
    throw new UsageError(
      `${at.at()}: no two cells differ only in its coordinates, so nothing would be compared` +
        (matrix.exclude.length > 0 ? '; see what exclude leaves out' : ''),
    );
  return controlOf;
}

function onlyNames(selector: Selector): Partial<Record<NamedAxis, string>> {
  return Object.fromEntries(
    NAMED_AXES.flatMap(axis => (typeof selector[axis] === 'string' ? [[axis, selector[axis]]] : [])),
  );
}

function textsOf(settings: Selector['settings'] = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, String(value)]));
}

function isSame(a: Coordinates, b: Coordinates): boolean {
  const [one, other] = [Object.entries(a.settings), Object.entries(b.settings)];
  return (
    NAMED_AXES.every(axis => a[axis] === b[axis]) &&
    one.length === other.length &&
    one.every(([key, value]) => b.settings[key] === value)
  );
}
