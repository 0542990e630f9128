/** Watches the driver. A saturated driver measures itself, so its run is void. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

export interface DriverUse {
  /** CPU of this process, all threads: 1 is one core in full use. */
  cores: number;
  /** Share of the time in which the event loop was busy. */
  loopUtilization: number;
  loopLagP99Ms: number;
  loopLagMaxMs: number;
}

export const DRIVER_LIMITS = { cores: 0.9, loopLagP99Ms: 20 } as const;

const RESOLUTION_MS = 10;

export class DriverMonitor {
  readonly #lag: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #cpu = process.cpuUsage();
  #startMs = performance.now();
  #loop = performance.eventLoopUtilization();

  start(): this {
    this.#lag.reset();
    this.#lag.enable();
    this.#cpu = process.cpuUsage();
    this.#startMs = performance.now();
    this.#loop = performance.eventLoopUtilization();
    return this;
  }

  stop(): DriverUse {
    this.#lag.disable();
    const cpu = process.cpuUsage(this.#cpu);
    const elapsedMs = Math.max(1, performance.now() - this.#startMs);
    return {
      cores: (cpu.user + cpu.system) / 1000 / elapsedMs,
      loopUtilization: performance.eventLoopUtilization(this.#loop).utilization,
      loopLagP99Ms: lagMs(this.#lag.percentile(99)),
      loopLagMaxMs: lagMs(this.#lag.max),
    };
  }
}

/** Node records the time between two ticks of its sampling timer, including the interval. */
function lagMs(ns: number): number {
  return Math.max(0, ns / 1e6 - RESOLUTION_MS);
}

/** Why a run is void, one sentence each; empty if the driver was fast enough. */
export function saturation(use: DriverUse): string[] {
  const reasons: string[] = [];
  if (use.cores > DRIVER_LIMITS.cores) {
    reasons.push(
      `driver saturated: it used ${use.cores.toFixed(2)} cores, at most ${DRIVER_LIMITS.cores} is accepted`,
    );
  }
  if (use.loopLagP99Ms > DRIVER_LIMITS.loopLagP99Ms) {
    const lag = `loop lag p99 ${(Math.ceil(use.loopLagP99Ms * 10) / 10).toFixed(1)} ms, at most ${DRIVER_LIMITS.loopLagP99Ms} ms is accepted`;
    reasons.push(
      `driver held up: ${lag}; it used ${use.cores.toFixed(2)} cores, so a low number blames the machine`,
    );
  }
  return reasons;
}
