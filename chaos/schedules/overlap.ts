/**
 * Which faults may be in force together. Two on one link could not both prove their bite, and where no quorum
 * is left, whatever else is injected shows nothing.
 */
import type { FaultKind } from '../faults/fault.ts';
import type { EnsembleShape } from '../mesh/draw-target.ts';
import { lastsMs, type WrittenStep } from './schedule.ts';

/** A fault that was drawn, and when. */
export type DrawnStep = WrittenStep & { readonly kind: FaultKind };

/** Faults of one kind, or of links, are never in force together, and none beside a loss of the quorum. */
export function mayBegin(step: DrawnStep, inForce: readonly DrawnStep[], shape: EnsembleShape): boolean {
  const isAlone = inForce.every(
    ({ kind }) => kind !== step.kind && !(isOfLinks(kind) && isOfLinks(step.kind)),
  );
  const stopped = inForce.reduce((sum, each) => sum + stops(each, shape), 0);
  const more = stops(step, shape);
  const spare = minorityOf(shape);
  if (stopped > spare) return false;
  return isAlone && (more === 0 || inForce.length === 0 || stopped + more <= spare);
}

export function inForceAt(atMs: number, steps: readonly DrawnStep[]): DrawnStep[] {
  return steps.filter(step => atMs < step.atMs + lastsMs(step));
}

export function isOfLinks({ available }: FaultKind): boolean {
  return available({ links: false, processes: true }) !== undefined;
}

/** How many members do not serve, at most, while the fault is in force. */
export function stops({ kind, ...step }: DrawnStep, { members }: EnsembleShape): number {
  switch (kind.stops) {
    case undefined:
      return 0;
    case 'one at a time':
      return 1;
    case 'most members':
      return members.length;
    case 'its targets':
      return reach((step as { target?: unknown }).target, members);
  }
}

function reach(target: unknown, members: EnsembleShape['members']): number {
  const all = members.length;
  if (typeof target !== 'object' || target === null) return all;
  const { role, count = 1, random, voters, masterOf, dc, name } = target as Readonly<Record<string, unknown>>;
  const votersOf = members.filter(each => each.role === 'participant').length;
  if (typeof random === 'number') return random;
  if (role !== undefined) return role === 'leader' ? 1 : Number(count);
  if (masterOf !== undefined) return 1;
  if (voters === 'minority') return Math.ceil(votersOf / 2) - 1;
  if (voters !== undefined) return Math.floor(votersOf / 2) + 1;
  if (dc !== undefined)
    return members.filter(each => each.dc !== undefined && [dc].flat().includes(each.dc)).length;
  return name === undefined ? all : [name].flat().length;
}

function minorityOf({ members }: EnsembleShape): number {
  return Math.max(0, Math.ceil(members.filter(({ role }) => role === 'participant').length / 2) - 1);
}
