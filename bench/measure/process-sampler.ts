/** CPU time and memory of processes, from /proc. Linux only: elsewhere a sample is null and nothing is claimed. */
import { readFileSync } from 'node:fs';

export interface ProcessSample {
  atMs: number;
  /** User and system time since the process started. */
  cpuMs: number;
  rssBytes: number;
}

/** USER_HZ: the unit of /proc/<pid>/stat. It is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Null when the process is gone or the machine has no /proc. Resolution of `cpuMs`: 10 ms. */
export function sampleProcess(pid: number, atMs: number = performance.now()): ProcessSample | null {
  try {
    const file = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'latin1');
    return { atMs, cpuMs: cpuMsOf(file('stat')), rssBytes: rssBytesOf(file('status')) };
  } catch {
    return null;
  }
}

/** The name, field 2, stands in parentheses and may hold anything, parentheses included. @see proc(5) */
export function cpuMsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return (ticks * 1000) / TICKS_PER_SECOND;
}

/** Of `status`, which counts in kB: `stat` counts in pages, whose size is another on other machines. A zombie has none. */
export function rssBytesOf(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

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
