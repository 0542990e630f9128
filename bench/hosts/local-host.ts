import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../usage-error.ts';
import { findApacheZooKeeper } from './apache-zookeeper.ts';
import { limitCpu, noCpuBudget, removeLeftBudgets } from './cpu-budget.ts';
import type { Host } from './host.ts';
import { LocalProcess } from './local-process.ts';
import { machineTicks } from './machine-cpu.ts';
import { limitMemory, removeLeftLimits } from './memory-limit.ts';
import { removeLeftSpaces } from './network/run-commands.ts';
import { findPorts } from './ports.ts';
import { stateOf } from './process-state.ts';
import { sampleProcess, threadsCpuMs } from './process-usage.ts';
import { reap } from './reaper.ts';
import { SERVER_VARIABLE, serverProgram } from './server-program.ts';
import { tcpSockets } from './tcp-sockets.ts';

const DIST = fileURLToPath(new URL('../..', import.meta.url));

/** This machine. Every member has its own loopback address. */
export const LOCAL_HOST: Host = {
  name: 'this machine',
  labAddress: '127.0.0.1',
  addresses: findPorts,
  zklabServer() {
    const program = process.env[SERVER_VARIABLE] ?? serverProgram(DIST);
    if (program === undefined || !existsSync(program))
      throw new UsageError(
        `${program ?? join(DIST, 'server/main.js')} is missing; run "npm run build" to make it`,
      );
    return { file: process.execPath, args: [resolve(program)] };
  },
  script: path => ({ file: process.execPath, args: [join(DIST, path)] }),
  apacheZooKeeper: release => findApacheZooKeeper(release),
  start: options => new LocalProcess(options),
  signal(pid, signal) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  },
  stateOf,
  folderFor: labFolder => labFolder,
  async makeFolder(path) {
    await mkdir(path, { recursive: true });
  },
  async writeFile(path, text) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  },
  readFile: path => readFile(path, 'utf8'),
  usage: pid => sampleProcess(pid),
  threadsCpuMs,
  machineTicks,
  tcpSockets,
  noBudget: noCpuBudget,
  limitCpu,
  limitMemory,
  reap() {
    const reaped = reap();
    removeLeftSpaces();
    removeLeftBudgets();
    removeLeftLimits();
    return reaped;
  },
};
