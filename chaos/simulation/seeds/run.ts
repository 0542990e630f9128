import { setImmediate } from 'node:timers/promises';
import { sumMarks } from '../marks.ts';
import { type SimulationOptions, type SimulationResult, simulate } from '../simulate.ts';
import { readPlan } from './plan-file.ts';
import { type FailedSeed, runSeed, type SeedOptions, type SeedReport } from './seed-report.ts';

export interface RunSeedsOptions {
  /** Which seeds to run. Each place takes the next one when it is free. */
  seeds: Iterable<number>;
  places: SeedPlaces;
  onProgress?: (report: SeedReport) => void;
  /** Ends the run; only the seeds that came to an end count. */
  signal?: AbortSignal;
}

/** Where seeds are simulated. */
export interface SeedPlaces {
  /** Number of seeds at a time. */
  readonly count: number;
  /** Undefined when the places ended before the seed did. */
  run(seed: number): Promise<SeedReport | undefined>;
  end(): void;
}

export interface RunSeedsSummary {
  readonly passed: number;
  readonly failed: readonly FailedSeed[];
  /** Seeds in which too little happened to judge. */
  readonly unknown: readonly number[];
  readonly acknowledgedWrites: number;
  readonly faultsInjected: number;
  readonly virtualMs: number;
  /** How often the members reached each mark of `marks.ts`. A 0 is a gap in these seeds. */
  readonly marks: Readonly<Record<string, number>>;
  /** Virtual milliseconds for each second of the wall clock. */
  readonly virtualMsPerSecond: number;
}

/** `first` to `first + count - 1`. */
export function* seedsFrom(first: number, count: number): Generator<number> {
  for (let seed = first; seed < first + count; seed++) yield seed;
}

/** One seed after the other, with a turn of the event loop between them. */
export function inThisProcess(options: SeedOptions): SeedPlaces {
  return {
    count: 1,
    async run(seed) {
      await setImmediate();
      return runSeed(seed, options);
    },
    end() {},
  };
}

/** Ends the places with the run. */
export async function runSeeds({
  seeds,
  places,
  onProgress,
  signal,
}: RunSeedsOptions): Promise<RunSeedsSummary> {
  const sum = new SeedsSum();
  const remaining = seeds[Symbol.iterator]();
  const fillPlace = async () => {
    while (!signal?.aborted) {
      const { done, value: seed } = remaining.next();
      if (done) return;
      const report = await places.run(seed);
      if (report === undefined) return;
      sum.add(report);
      onProgress?.(report);
    }
  };
  const end = () => places.end();
  signal?.addEventListener('abort', end);
  const startedMs = performance.now();
  try {
    await Promise.all(Array.from({ length: places.count }, fillPlace));
    return sum.summary(performance.now() - startedMs);
  } finally {
    signal?.removeEventListener('abort', end);
    end();
  }
}

/** A million seeds are summed in the memory of one. */
class SeedsSum {
  readonly #failed: FailedSeed[] = [];
  readonly #unknown: number[] = [];
  readonly #sum = { passed: 0, acknowledgedWrites: 0, faultsInjected: 0, virtualMs: 0 };
  #marks: ReadonlyMap<string, number> = sumMarks([]);

  add({ seed, verdict, failure, ...counts }: SeedReport): void {
    this.#sum.acknowledgedWrites += counts.acknowledgedWrites;
    this.#sum.faultsInjected += counts.faultsInjected;
    this.#sum.virtualMs += counts.virtualMs;
    this.#marks = sumMarks([this.#marks, counts.marks]);
    if (failure !== undefined) this.#failed.push(failure);
    else if (verdict === 'unknown') this.#unknown.push(seed);
    else this.#sum.passed++;
  }

  /** With the seeds in the order of their numbers. */
  summary(wallMs: number): RunSeedsSummary {
    return {
      ...this.#sum,
      failed: this.#failed.toSorted((a, b) => a.seed - b.seed),
      unknown: this.#unknown.toSorted((a, b) => a - b),
      marks: Object.fromEntries(this.#marks),
      virtualMsPerSecond: (this.#sum.virtualMs * 1000) / Math.max(wallMs, 1),
    };
  }
}

/** Replays a kept failure, in an ensemble of its shape. @throws PlanFileError */
export function replay(
  planFile: string,
  options: Omit<SimulationOptions, 'shape' | 'faults'>,
): SimulationResult {
  const { seed, faults, settings, reasons: _, ...shape } = readPlan(planFile);
  const swarm = settings === undefined ? options.swarm : { ...options.swarm, settings };
  return simulate(seed, { ...options, shape, faults, ...(swarm === undefined ? {} : { swarm }) });
}
