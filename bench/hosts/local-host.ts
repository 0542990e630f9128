import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../usage-error.ts';
import { findApacheZooKeeper } from './apache-zookeeper.ts';
import { limitCpu, noCpuBudget } from './cpu-budget.ts';
import type { Host } from './host.ts';
import { LocalProcess } from './local-process.ts';
import { findPorts } from './ports.ts';
import { stateOf } from './process-state.ts';
import { sampleProcess, threadsCpuMs } from './process-usage.ts';
import { reap } from './reaper.ts';

const SERVER_MAIN = fileURLToPath(new URL('../../server/main.js', import.meta.url));

/** This machine. Every member has its own loopback address. */
export const LOCAL_HOST: Host = {
  name: 'this machine',
  labAddress: '127.0.0.1',
  addresses: findPorts,
  zklabServer() {
    if (!existsSync(SERVER_MAIN))
      throw new UsageError(`${SERVER_MAIN} is missing; run "npm run build" to make it`);
    return { file: process.execPath, args: [SERVER_MAIN] };
  },
  apacheZooKeeper: () => findApacheZooKeeper(),
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
  noBudget: noCpuBudget,
  limitCpu,
  reap: () => reap(),
};
