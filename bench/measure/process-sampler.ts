/** What processes used between two samples, and series of samples. */
import { type ProcessSample, sampleProcess } from '../hosts/process-usage.ts';

export interface CpuUse {
  cpuMs: number;
  elapsedMs: number;
  /** 1 is one core, all the time. */
  cores: number;
  /** Undefined when nothing was done between the marks. */
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

/** Samples named processes at a steady pace. A name may get a new pid: a member that was restarted. */
export class ProcessSampler {
  readonly #pidOf: () => ReadonlyMap<string, number>;
  readonly #intervalMs: number;
  readonly #samplesMax: number;
  readonly series = new Map<string, ProcessSample[]>();
  #timer: NodeJS.Timeout | undefined;

  constructor(pidOf: () => ReadonlyMap<string, number>, intervalMs = 1_000, samplesMax = 100_000) {
    this.#pidOf = pidOf;
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
    const atMs = performance.now();
    for (const [name, pid] of this.#pidOf()) {
      const sample = sampleProcess(pid, atMs);
      if (sample === null) continue;
      const samples = this.series.get(name) ?? [];
      if (samples.length < this.#samplesMax) samples.push(sample);
      this.series.set(name, samples);
    }
  }
}
