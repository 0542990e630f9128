/** What processes used between two samples, and series of samples. */
import type { ProcessSample } from '../hosts/process-usage.ts';

export interface CpuUse {
  cpuMs: number;
  elapsedMs: number;
  /** 1 is one core in full use. */
  cores: number;
  /** Undefined when no operation was done between the two samples. */
  cpuUsPerOperation: number | undefined;
}

export function cpuBetween(from: ProcessSample, to: ProcessSample, operations: number): CpuUse {
  const cpuMs = to.cpuMs - from.cpuMs;
  const elapsedMs = to.atMs - from.atMs;
  return {
    cpuMs,
    elapsedMs,
    cores: elapsedMs > 0 ? cpuMs / elapsedMs : 0,
    cpuUsPerOperation: operations > 0 ? (cpuMs * 1000) / operations : undefined,
  };
}

/**
 * Samples processes by name at a steady rate; null when a process cannot be sampled. After a restart of a
 * member, its name stands for the new process.
 */
export class ProcessSampler {
  readonly #usages: () => ReadonlyMap<string, ProcessSample | null>;
  readonly #intervalMs: number;
  readonly #samplesMax: number;
  readonly series = new Map<string, ProcessSample[]>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    usages: () => ReadonlyMap<string, ProcessSample | null>,
    intervalMs = 1_000,
    samplesMax = 100_000,
  ) {
    this.#usages = usages;
    this.#intervalMs = intervalMs;
    this.#samplesMax = samplesMax;
  }

  start(): this {
    this.#timer ??= setInterval(() => this.sample(), this.#intervalMs);
    this.sample();
    return this;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  sample(): void {
    for (const [name, sample] of this.#usages()) {
      if (sample === null) continue;
      const samples = this.series.get(name) ?? [];
      if (samples.length < this.#samplesMax) samples.push(sample);
      this.series.set(name, samples);
    }
  }
}
