/**
 * Measures what the driver can do on one core, against the fake server in another process: the rate of a
 * closed loop, how well an open loop keeps its schedule, and what timestamps cost. No server can be measured
 * to be faster than this on the same machine.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { LoadDriver } from '../load-process.ts';
import type { LoadMode, LoadResult, LoadSpec } from '../load-spec.ts';
import { runLoad } from '../run-load.ts';
import type { WorkloadSpec } from '../workload/workload.ts';
import { BARS, type DriverFigure } from './driver-bars.ts';
import { DRIVER_LIMITS } from './driver-monitor.ts';

const SERVER = fileURLToPath(new URL('./fake-server-main.js', import.meta.url));
const SESSIONS = 4;
const CLOSED: LoadMode = { kind: 'closed', depth: 128 };
const WARMUP_MS = 500;

const READS: WorkloadSpec['mix'] = { getData: 1 };
const OTHERS: Readonly<Record<string, WorkloadSpec['mix']>> = {
  writes: { setData: 1 },
  mixed: { getData: 70, exists: 5, getChildren: 5, setData: 15, create: 3, delete: 2 },
};
const RATES_PER_SECOND = [1_000, 5_000, 20_000];

/** A load, and the figures that it gives. */
interface Trial {
  readonly mix: WorkloadSpec['mix'];
  readonly mode: LoadMode;
  readonly figures: readonly Figure[];
}

interface Figure extends Omit<DriverFigure, 'values' | 'voidRounds'> {
  read(load: LoadResult): number;
}

export interface CapacityOptions {
  readonly rounds: number;
  /** Of each load. */
  readonly seconds: number;
  /** Ends the measurement; a load that it cuts short does not count. */
  readonly signal: AbortSignal;
  readonly onLoad: (what: string) => void;
}

/** @throws LoadError */
export async function measureCapacity(options: CapacityOptions): Promise<DriverFigure[]> {
  const { rounds, seconds, signal, onLoad } = options;
  const server = fork(SERVER);
  const driver = new LoadDriver();
  const end = () => driver.abort();
  signal.addEventListener('abort', end);
  try {
    const [port] = (await once(server, 'message')) as [number];
    const trials = trialsOf(await timestampsPerRead(port));
    const loads = new Map<Trial, LoadResult[]>(trials.map(trial => [trial, []]));
    for (let round = 1; round <= rounds; round++)
      for (const trial of trials) {
        if (signal.aborted) break;
        onLoad(`round ${round} of ${rounds}: ${trial.figures[0]!.what}`);
        const load = await driver.run(specOf(port, trial, seconds));
        if (!signal.aborted) loads.get(trial)!.push(load);
      }
    return trials.flatMap(trial => figuresOf(trial, loads.get(trial)!));
  } finally {
    signal.removeEventListener('abort', end);
    server.disconnect();
    await driver.close();
  }
}

function trialsOf(timestamps: number): Trial[] {
  const rateOf = (name: string) => ({
    what: `${name}, closed loop`,
    unit: 'per second',
    read: ({ okPerSecond }: LoadResult) => okPerSecond,
  });
  const cost: Figure = {
    what: 'timestamps of these reads',
    unit: '% of CPU',
    bar: { high: BARS.timestampPercentMax },
    read: ({ okPerSecond, driver }) => (timestamps * timestampNs() * okPerSecond) / driver.cores / 1e7,
  };
  return [
    {
      mix: READS,
      mode: CLOSED,
      figures: [{ ...rateOf('reads'), bar: { low: BARS.readsPerSecondMin } }, cost],
    },
    ...Object.entries(OTHERS).map(([name, mix]) => ({ mix, mode: CLOSED, figures: [rateOf(name)] })),
    ...RATES_PER_SECOND.flatMap(rate =>
      (['constant', 'poisson'] as const).map(kind => scheduled(rate, kind)),
    ),
  ];
}

function scheduled(ratePerSecond: number, arrivals: 'constant' | 'poisson'): Trial {
  return {
    mix: READS,
    mode: { kind: 'open', ratePerSecond, arrivals },
    figures: [
      {
        what: `open loop, ${arrivals}, ${ratePerSecond.toLocaleString('en')}/s`,
        unit: '% off schedule',
        bar: { high: BARS.offSchedulePercentMax },
        read: ({ sends: { intended, late, dropped } }) => ((late + dropped) * 100) / intended,
      },
    ],
  };
}

function figuresOf({ figures }: Trial, loads: readonly LoadResult[]): DriverFigure[] {
  const fit = loads.filter(({ driver }) => driver.loopLagP99Ms <= DRIVER_LIMITS.loopLagP99Ms);
  return figures.map(({ read, ...figure }) => ({
    ...figure,
    values: fit.map(read),
    voidRounds: loads.length - fit.length,
  }));
}

function specOf(port: number, { mix, mode }: Pick<Trial, 'mix' | 'mode'>, seconds: number): LoadSpec {
  return {
    targets: [{ name: 'fake', host: '127.0.0.1', port }],
    sessionsPerTarget: SESSIONS,
    workload: { mix, valueBytes: 100, keyCount: 1_000, skew: { kind: 'uniform' }, seed: 1 },
    mode,
    warmupMs: WARMUP_MS,
    durationMs: seconds * 1_000,
  };
}

const TIMED_CALLS = 2_000_000;

/** CPU time of one timestamp. */
function timestampNs(): number {
  const before = process.cpuUsage();
  for (let i = 0; i < TIMED_CALLS; i++) performance.now();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1_000) / TIMED_CALLS;
}

/** How many timestamps a read takes, counted in this process: how many does not depend on the machine. */
async function timestampsPerRead(port: number): Promise<number> {
  const { now } = performance;
  let calls = 0;
  performance.now = () => {
    calls++;
    return now.call(performance);
  };
  try {
    const spec = { ...specOf(port, { mix: READS, mode: CLOSED }, 1), warmupMs: 0 };
    const { totals } = await runLoad(spec);
    return calls / totals.ok;
  } finally {
    performance.now = now;
  }
}
