/**
 * How long parts of a run take, for the estimate that a person gets before it starts. The constants are times
 * of a quiet machine with two cores; on a busy one, everything but the windows takes longer.
 */
import type { Topology } from '../topology/topology.ts';

/** The machine is probed, and the drivers start. */
export const BEGIN_MS = 2_500;
/** An election, until every member serves. */
const ENSEMBLE_MS = 1_500;
const MEMBER_MS = 250;
const STOP_MS = 300;
/** Sessions open, counters are read, and members get level. */
const LOAD_MS = 300;

/** From the start of an ensemble to its end, without what is measured of it. */
export function ensembleMs({ members }: Pick<Topology, 'members'>): number {
  return ENSEMBLE_MS + MEMBER_MS * members.length + STOP_MS;
}

/** One load with its warm-up. */
export function loadMs(warmupMs: number, windowMs: number): number {
  return LOAD_MS + warmupMs + windowMs;
}

/** `about 3 min 20 s` */
export function aboutText(ms: number): string {
  const seconds = Math.max(10, Math.round(ms / 10_000) * 10);
  if (seconds < 60) return `about ${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `about ${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return seconds % 60 === 0 ? `about ${minutes} min` : `about ${minutes} min ${seconds % 60} s`;
}
