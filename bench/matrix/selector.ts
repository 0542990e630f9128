/** Which cells a selector means: those that have one of the names or values of each of its keys. */
import type { Origin } from '../origin.ts';
import type { Settings } from '../topology/topology.ts';
import { UsageError } from '../usage-error.ts';
import type { Selector } from './matrix-schema.ts';

/** Where a cell stands. */
export interface Coordinates {
  readonly topology: string;
  readonly workload: string;
  readonly condition: string;
  readonly settings: Settings;
}

export const NAMED_AXES = ['topology', 'workload', 'condition'] as const;
export type NamedAxis = (typeof NAMED_AXES)[number];

/** The names of each axis, and the keys of the settings. */
export interface Axes {
  readonly names: Readonly<Record<NamedAxis, readonly string[]>>;
  readonly settings: readonly string[];
}

export function matches(selector: Selector, at: Coordinates): boolean {
  return (
    NAMED_AXES.every(axis => selector[axis] === undefined || [selector[axis]].flat().includes(at[axis])) &&
    Object.entries(selector.settings ?? {}).every(([key, values]) =>
      [values].flat().some(value => String(value) === at.settings[key]),
    )
  );
}

/** @throws UsageError for a name that no axis has */
export function checkSelector(selector: Selector, axes: Axes, origin: Origin): void {
  for (const axis of NAMED_AXES) {
    for (const name of [selector[axis] ?? []].flat())
      if (!axes.names[axis].includes(name))
        throw new UsageError(
          `${origin.at(axis)}: ${JSON.stringify(name)}; accepted are ${axes.names[axis].join(', ')}`,
        );
  }
  for (const key of Object.keys(selector.settings ?? {}))
    if (!axes.settings.includes(key))
      throw new UsageError(
        `${origin.at('settings', key)}: no cell sets it; accepted are ${axes.settings.join(', ') || 'no settings'}`,
      );
}
