/**
 * Proposes smaller schedules than one that fails; the answer to each is whether it still fails. Fewer faults
 * come first, then shorter times, because both make every later try quicker.
 */
import { isDeepStrictEqual } from 'node:util';
import { Origin } from '../../bench/origin.ts';
import { type Topology, topologyOf } from '../../bench/topology/topology.ts';
import { shorterLists } from '../delta-debugging.ts';
import { lastsMs, readWorkload, type WrittenSchedule, type WrittenStep } from '../schedules/schedule.ts';
import { inputOf, topologyIn, writtenOf } from '../schedules/written-topology.ts';

export type Search = Generator<WrittenSchedule, WrittenSchedule, boolean>;

/** Shorter than that a fault cannot prove that it bit. */
const FAULT_MS_MIN = 1_000;
/** Between two faults that did not overlap. */
const GAP_MS = 250;

export function* smallerSchedules(failing: WrittenSchedule): Search {
  let best = yield* withFewerFaults(failing);
  best = yield* whileSmaller(best, compact);
  for (const smaller of [shorter, withFewerMembers, narrower, simpler])
    best = yield* whileSmaller(best, smaller);
  return best;
}

function* withFewerFaults(failing: WrittenSchedule): Search {
  const search = shorterLists(failing.steps);
  let step = search.next();
  while (!step.done) {
    // A schedule has one fault at least.
    const isSmaller = step.value.length > 0 && (yield { ...failing, steps: [...step.value] });
    step = search.next(isSmaller);
  }
  return { ...failing, steps: [...step.value] };
}

/** Takes the first candidate that fails, again and again, until none does. */
function* whileSmaller(
  failing: WrittenSchedule,
  candidates: (schedule: WrittenSchedule) => readonly WrittenSchedule[],
): Search {
  let best = failing;
  for (let found: WrittenSchedule | undefined = best; found !== undefined; ) {
    found = undefined;
    for (const candidate of candidates(best)) {
      if (isDeepStrictEqual(candidate, best) || !(yield candidate)) continue;
      found = candidate;
      best = candidate;
      break;
    }
  }
  return best;
}

/** The first fault at once, and no long pauses between faults. Faults that overlapped still do. */
function compact(schedule: WrittenSchedule): WrittenSchedule[] {
  let endMs = 0;
  let shiftMs = 0;
  const steps = [...schedule.steps]
    .sort((a, b) => a.atMs - b.atMs)
    .map((step, at) => {
      const pauseMs = step.atMs - endMs;
      shiftMs += Math.max(0, pauseMs - (at === 0 ? 0 : GAP_MS));
      endMs = Math.max(endMs, step.atMs + lastsMs(step));
      return { ...step, atMs: step.atMs - shiftMs };
    });
  return [
    { ...schedule, calmMs: 0, steps },
    { ...schedule, steps },
  ];
}

function shorter(schedule: WrittenSchedule): WrittenSchedule[] {
  return schedule.steps.flatMap((step, at) => {
    const forMs = Math.max(FAULT_MS_MIN, Math.round(lastsMs(step) / 2));
    return forMs < lastsMs(step) ? [withStep(schedule, at, { ...step, forMs })] : [];
  });
}

function withFewerMembers(schedule: WrittenSchedule): WrittenSchedule[] {
  const origin = new Origin('shrunk');
  const topology = topologyIn(schedule.topology, origin, '.');
  return fewerMembers(topology).map(members => {
    const { name: _, masters, ...input } = inputOf({ ...topology, members });
    const hasObservers = members.some(({ role }) => role === 'observer');
    const smaller = topologyOf({ ...input, ...(hasObservers && masters && { masters }) }, origin);
    return { ...schedule, topology: writtenOf(smaller) };
  });
}

/** Without any observer, without the last one, and with two voters fewer, which leaves an odd number odd. */
function fewerMembers({ members }: Topology): Topology['members'][] {
  const of = (wanted: string) => members.filter(({ role }) => role === wanted);
  const [voters, observers] = [of('participant'), of('observer')];
  return [
    ...(observers.length > 0 ? [voters] : []),
    ...(observers.length > 1 ? [[...voters, ...observers.slice(0, -1)]] : []),
    ...(voters.length > 2 ? [[...voters.slice(0, -2), ...observers]] : []),
  ];
}

/** Fewer targets: one way instead of both, one member instead of several, half a list. */
function narrower(schedule: WrittenSchedule): WrittenSchedule[] {
  return schedule.steps.flatMap((step, at) =>
    narrowerValues(step).map(each => withStep(schedule, at, each as WrittenStep)),
  );
}

function narrowerValues(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.length < 2 ? [] : halves(value);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    narrowerOf(key, each).map(smaller => ({ ...value, [key]: smaller })),
  );
}

function narrowerOf(key: string, value: unknown): unknown[] {
  if (key === 'both' && value === true) return [false];
  if ((key === 'count' || key === 'random') && typeof value === 'number' && value > 1) return [1];
  return narrowerValues(value);
}

function halves<T>(items: readonly T[]): T[][] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

/** Fewer clients. */
function simpler({ workload, ...schedule }: WrittenSchedule): WrittenSchedule[] {
  const { clients } = readWorkload(workload, new Origin('shrunk')).workloadOptions as { clients?: unknown };
  if (typeof clients !== 'number' || clients < 2) return [];
  return [1, Math.floor(clients / 2)].map(fewer => ({
    ...schedule,
    workload: { ...workload, clients: fewer },
  }));
}

function withStep(schedule: WrittenSchedule, at: number, step: WrittenStep): WrittenSchedule {
  return { ...schedule, steps: schedule.steps.map((each, index) => (index === at ? step : each)) };
}
