/**
 * Placebo observers: processes that use as much CPU as observers would, but do not belong to the ensemble.
 */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CappedLog } from '../../../bench/hosts/capped-log.ts';
import { formatExit, type Host, type HostProcess } from '../../../bench/hosts/host.ts';
import { LoadError } from '../../../bench/load/load-error.ts';
import { PLACEBO_READY } from './placebo-ready.ts';

const SCRIPT = 'chaos/experiments/measurements/placebo-main.js';
const READY_MAX_MS = 10_000;
const READY_POLL_MS = 20;

export interface Placebos {
  /** @throws LoadError when one of them has ended: they burnt less than was asked */
  check(): void;
  stop(): Promise<void>;
}

export interface PlaceboOptions {
  /** The host of each placebo: that of the observer which it stands for. */
  readonly hosts: readonly Pick<Host, 'script' | 'start' | 'folderFor' | 'makeFolder'>[];
  /** What each of them burns, 0 to 1. */
  readonly cores: number;
  /** The lab's folder for their logs. */
  readonly folder: string;
}

/** Settles when all of them burn. @throws LoadError when one does not; none is left running then */
export async function startPlacebos({ hosts, cores, folder }: PlaceboOptions): Promise<Placebos> {
  const share = Math.min(1, Math.max(0, cores));
  const started: { process: HostProcess; log: CappedLog }[] = [];
  const stop = async () => {
    await Promise.all(started.map(({ process }) => process.kill()));
    for (const { log } of started) log.close();
  };
  const check = () => {
    const ended = started.filter(({ process }) => !process.isRunning);
    const [first] = ended;
    if (first !== undefined)
      throw new LoadError(
        `${ended.length} of ${hosts.length} placebos ended before they were asked to (${endOf(first)})`,
      );
  };
  const isReady = () => started.every(({ log }) => log.tail().includes(PLACEBO_READY));
  try {
    for (const [index, host] of hosts.entries()) {
      const cwd = host.folderFor(folder);
      await host.makeFolder(cwd);
      const log = new CappedLog(join(folder, `placebo-${index + 1}.log`));
      const marker = `${cwd}/placebo-${index + 1}`;
      const { file, args } = host.script(SCRIPT);
      const command = { file, args: [...args, String(share), marker] };
      started.push({ process: host.start({ command, endsWithInput: true, log, cwd, marker }), log });
    }
    for (const until = performance.now() + READY_MAX_MS; !isReady(); await wait(READY_POLL_MS)) {
      check();
      if (performance.now() > until)
        throw new LoadError(`not all of ${hosts.length} placebos were ready after ${READY_MAX_MS} ms`);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { check, stop };
}

function endOf({ process, log }: { process: HostProcess; log: CappedLog }): string {
  const exit = process.exit === undefined ? 'no exit' : formatExit(process.exit);
  return [exit, log.tail(1)].filter(text => text !== '').join(': ');
}
