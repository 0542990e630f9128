import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { limitCpu, noCpuBudget } from './cpu-budget.ts';
import type { Host } from './host.ts';
import { LocalProcess } from './local-process.ts';
import { findPorts } from './ports.ts';
import { stateOf } from './process-state.ts';
import { sampleProcess, threadsCpuMs } from './process-usage.ts';

/** This machine. Every member has its own loopback address. */
export const LOCAL_HOST: Host = {
  name: 'this machine',
  addresses: findPorts,
  start: options => new LocalProcess(options),
  signal(pid, signal) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  },
  stateOf,
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
  noBudget: noCpuBudget,
  limitCpu,
};
