/** Several load drivers, each a process, that share one load. */
import type { MachineUse } from '../../results/schema.ts';
import { worstOf } from '../load/driver/worst-driver.ts';
import { LoadDriver } from '../load/load-process.ts';
import type { LoadMode, LoadResult, LoadSpec } from '../load/load-spec.ts';
import type { RateSegment } from '../load/rate-profile.ts';
import type { LoadProgress } from '../load/run-load.ts';
import { mergeLoads } from './merge-loads.ts';

export class DriverGroup {
  readonly #drivers: readonly LoadDriver[];

  constructor(count: number) {
    this.#drivers = Array.from({ length: count }, () => new LoadDriver());
  }

  /**
   * Runs a load to its merged result. Ended by the signal, the result still comes, and is void.
   * @throws LoadError with the message of the first driver that failed
   */
  async run(
    spec: LoadSpec,
    signal: AbortSignal,
    onProgress?: (progress: LoadProgress) => void,
  ): Promise<LoadResult> {
    const shares = sharesOf(spec, this.#drivers.length);
    const abort = (): void => {
      for (const driver of this.#drivers) driver.abort();
    };
    signal.addEventListener('abort', abort);
    try {
      const told = shares.map(() => 0);
      const settled = await Promise.allSettled(
        this.#drivers.map((driver, index) =>
          driver
            .run(shares[index]!, ({ second, ok }) => {
              told[index] = ok;
              if (index === 0) onProgress?.({ second, ok: told.reduce((sum, each) => sum + each) });
            })
            .catch((error: unknown) => {
              // The others would go on to load for nothing.
              abort();
              throw error;
            }),
        ),
      );
      const failed = settled.find(each => each.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      const results = settled.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []));
      return mergeLoads(spec, results);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** The worst that was seen of any driver in any load. */
  get worst(): MachineUse['driver'] {
    return worstOf(this.#drivers.map(({ worst }) => worst));
  }

  async close(): Promise<void> {
    await Promise.all(this.#drivers.map(driver => driver.close()));
  }
}

/** The load of each driver: its sessions of each target, and its share of the rate. */
export function sharesOf(spec: LoadSpec, drivers: number): LoadSpec[] {
  const { sessionsPerTarget, targets, workload } = spec;
  let firstSession = 0;
  return Array.from({ length: drivers }, (_, index) => {
    const own = Math.floor(sessionsPerTarget / drivers) + (index < sessionsPerTarget % drivers ? 1 : 0);
    const share = {
      ...spec,
      sessionsPerTarget: own,
      firstSession,
      // Other arrivals and values; the paths do not depend on the seed.
      workload: { ...workload, seed: workload.seed + index },
      mode: shareOfMode(spec.mode, own / sessionsPerTarget),
    };
    firstSession += own * targets.length;
    return share;
  });
}

function shareOfMode(mode: LoadMode, share: number): LoadMode {
  switch (mode.kind) {
    case 'closed':
    case 'replay':
      return mode;
    case 'open':
      return { ...mode, ratePerSecond: mode.ratePerSecond * share };
    case 'profile':
      return {
        ...mode,
        segments: mode.segments.map(
          ({ fromPerSecond, toPerSecond, forMs }): RateSegment => ({
            fromPerSecond: fromPerSecond * share,
            toPerSecond: toPerSecond * share,
            forMs,
          }),
        ),
      };
  }
}
