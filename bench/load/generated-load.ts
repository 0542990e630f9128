/** A load whose requests are drawn from a workload, in a closed or an open loop. */
import { seededRandom } from '../stats/distributions.ts';
import { type Arrivals, arrivalsOf } from './arrivals.ts';
import { startClosedLoop } from './closed-loop.ts';
import type { LoadRecorder } from './load-recorder.ts';
import { LoadSession } from './load-session.ts';
import type { LoadSource } from './load-source.ts';
import type { LoadMode, LoadSpec } from './load-spec.ts';
import { startOpenLoop } from './open-loop.ts';
import { profileArrivals } from './rate-profile.ts';
import { recipesOf } from './recipes/recipes.ts';
import { Workload } from './workload/workload.ts';
import { WorkloadCursor } from './workload/workload-cursor.ts';

export type GeneratedMode = Exclude<LoadMode, { kind: 'replay' }>;

/**
 * Sessions opened at once. An ensemble on one core should not get a thousand handshakes at the same moment.
 */
const OPENINGS_AT_ONCE = 50;

export class GeneratedLoad implements LoadSource {
  readonly #spec: LoadSpec;
  readonly #mode: GeneratedMode;
  readonly #recorder: LoadRecorder;
  readonly #sessions: readonly LoadSession[];

  constructor(spec: LoadSpec, mode: GeneratedMode, recorder: LoadRecorder) {
    this.#spec = spec;
    this.#mode = mode;
    this.#recorder = recorder;
    this.#sessions = makeSessions(spec, recorder);
  }

  get inFlight(): number {
    return this.#sessions.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  async open(): Promise<void> {
    const sessions = this.#sessions;
    for (let i = 0; i < sessions.length; i += OPENINGS_AT_ONCE)
      await Promise.all(sessions.slice(i, i + OPENINGS_AT_ONCE).map(session => session.open()));
  }

  start(startMs: number): () => void {
    const mode = this.#mode;
    if (mode.kind === 'closed') return startClosedLoop(this.#sessions, mode.depth);
    return startOpenLoop(this.#sessions, scheduleOf(mode, this.#spec), startMs, this.#recorder);
  }

  async close(): Promise<void> {
    await Promise.all(this.#sessions.map(session => session.close()));
  }
}

function makeSessions(spec: LoadSpec, recorder: LoadRecorder): LoadSession[] {
  const workload = new Workload(spec.workload);
  const firstSession = spec.firstSession ?? 0;
  const recipes = recipesOf(workload, firstSession);
  const incarnation = `${process.pid.toString(36)}-${Math.round(performance.now()).toString(36)}-`;
  // Interleaved, so that the open loop's round robin goes from target to target.
  return Array.from({ length: spec.sessionsPerTarget * spec.targets.length }, (_, index) => {
    const cursor = new WorkloadCursor(workload, firstSession + index, incarnation);
    const target = index % spec.targets.length;
    return new LoadSession({ spec, target, cursor, recorder, recipesOf: recipes });
  });
}

function scheduleOf(
  mode: Exclude<GeneratedMode, { kind: 'closed' }>,
  { workload, warmupMs }: LoadSpec,
): Arrivals {
  const random = seededRandom(workload.seed ^ 0x5ca1_ab1e);
  if (mode.kind === 'open') return arrivalsOf(mode.arrivals, mode.ratePerSecond, random);
  const { fromPerSecond } = mode.segments[0]!;
  const warmup = { fromPerSecond, toPerSecond: fromPerSecond, forMs: warmupMs };
  return profileArrivals([warmup, ...mode.segments], mode.arrivals, random);
}
