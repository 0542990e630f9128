/**
 * Measures what the driver can do on one core: a closed loop against the fake server in another process. Run
 * it by hand on a quiet machine: `node dist/bench/load/driver-capacity.js [seconds]`. It is not a test. No
 * server can be measured to be faster than this on the same machine.
 */

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endWithParent } from '../hosts/end-with-parent.ts';
import { startFakeServer } from './fake-server.ts';
import type { LoadSpec } from './load-spec.ts';
import { runLoad } from './run-load.ts';

const SELF = fileURLToPath(import.meta.url);

async function serve(): Promise<void> {
  const server = await startFakeServer();
  process.send?.(server.port);
  endWithParent();
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
    const spec: LoadSpec = {
      targets: [{ name: 'fake', host: '127.0.0.1', port }],
      sessionsPerTarget: 4,
      workload: { mix, valueBytes: 100, keyCount: 1_000, skew: { kind: 'uniform' }, seed: 1 },
      mode: { kind: 'closed', depth: 128 },
      warmupMs: 1_000,
      durationMs: seconds * 1_000,
    };
    const { okPerSecond, driver } = await runLoad(spec);
    const perCore = Math.round(okPerSecond / driver.cores);
    const line = {
      name,
      opsPerSecond: Math.round(okPerSecond),
      driverCores: driver.cores.toFixed(2),
      perCore,
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
  child.disconnect();
}

if (process.argv[2] === 'serve') await serve();
else await main(Number(process.argv[2] ?? 3));
