/**
 * Measures what the driver can do on one core, against the fake server in another process: the rate of a
 * closed loop, how well an open loop keeps its schedule, and what timestamps cost. Run it by hand on a quiet
 * machine: `node dist/bench/load/driver-capacity.js [seconds]`. It is not a test. No server can be measured
 * to be faster than this on the same machine.
 */

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endWithParent } from '../hosts/end-with-parent.ts';
import { startFakeServer } from './fake-server.ts';
import type { LoadMode, LoadSpec } from './load-spec.ts';
import { runLoad } from './run-load.ts';
import type { WorkloadSpec } from './workload.ts';

const SELF = fileURLToPath(import.meta.url);

async function serve(): Promise<void> {
  const server = await startFakeServer();
  process.send?.(server.port);
  endWithParent();
}

const SCHEDULED_PER_SECOND = 20_000;

function specOf(port: number, mix: WorkloadSpec['mix'], mode: LoadMode, seconds: number): LoadSpec {
  return {
    targets: [{ name: 'fake', host: '127.0.0.1', port }],
    sessionsPerTarget: 4,
    workload: { mix, valueBytes: 100, keyCount: 1_000, skew: { kind: 'uniform' }, seed: 1 },
    mode,
    warmupMs: 1_000,
    durationMs: seconds * 1_000,
  };
}

/** CPU time of one timestamp, in ns. */
function timestampNs(): number {
  const calls = 2_000_000;
  const before = process.cpuUsage();
  for (let i = 0; i < calls; i++) performance.now();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / calls;
}

/** How many timestamps a request takes, counted in a run of its own. */
async function timestampsPerRequest(spec: LoadSpec): Promise<number> {
  const { now } = performance;
  let calls = 0;
  performance.now = () => {
    calls++;
    return now.call(performance);
  };
  try {
    const { totals } = await runLoad({ ...spec, warmupMs: 0, durationMs: 1_000 });
    return calls / totals.ok;
  } finally {
    performance.now = now;
  }
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function main(seconds: number): Promise<void> {
  const child = fork(SELF, ['serve']);
  const port = await new Promise<number>(resolve =>
    child.once('message', message => resolve(message as number)),
  );
  for (const [name, mix] of [
    ['reads', { getData: 1 }],
    ['writes', { setData: 1 }],
    ['mixed', { getData: 70, exists: 5, getChildren: 5, setData: 15, create: 3, delete: 2 }],
  ] as const) {
    const spec = specOf(port, mix, { kind: 'closed', depth: 128 }, seconds);
    const { okPerSecond, driver } = await runLoad(spec);
    const perCore = Math.round(okPerSecond / driver.cores);
    const timestamps = await timestampsPerRequest(spec);
    print({
      name,
      opsPerSecond: Math.round(okPerSecond),
      driverCores: driver.cores.toFixed(2),
      perCore,
      timestampsPerRequest: timestamps.toFixed(3),
      timestampPercent: ((timestamps * timestampNs() * perCore) / 1e7).toFixed(2),
    });
  }
  for (const arrivals of ['constant', 'poisson'] as const) {
    const mode = { kind: 'open', ratePerSecond: SCHEDULED_PER_SECOND, arrivals } as const;
    const { sends, driver } = await runLoad(specOf(port, { getData: 1 }, mode, seconds));
    print({
      name: `open loop, ${arrivals}, ${SCHEDULED_PER_SECOND}/s`,
      sentPercent: ((sends.sent * 100) / (SCHEDULED_PER_SECOND * seconds)).toFixed(2),
      latePercent: (((sends.late + sends.dropped) * 100) / sends.intended).toFixed(2),
      latenessP99Us: sends.lateness.p99Us,
      driverCores: driver.cores.toFixed(2),
    });
  }
  child.disconnect();
}

if (process.argv[2] === 'serve') await serve();
else await main(Number(process.argv[2] ?? 3));
