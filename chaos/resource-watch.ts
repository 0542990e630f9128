/**
 * Reads, over a run or a night, what processes use: memory, open handles, and bytes on disk. The checker
 * `leaks` judges by it.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LOCAL_HOST } from '../bench/hosts/local-host.ts';
import { handlesOf, sampleProcess } from '../bench/hosts/process-usage.ts';
import type { Ensemble } from '../bench/topology/ensemble.ts';
import type { ResourceSample } from './checkers/run-record.ts';

export interface WatchedProcess {
  readonly name: string;
  /** Undefined while it has no process. A restart begins another one. */
  pid(): number | undefined;
  /** The folder that it keeps on disk; undefined if it keeps nothing that counts. */
  readonly folder?: string | undefined;
}

/** The name of the lab's own process among members. */
export const LAB_NAME = 'zklab itself';
const INTERVAL_MS = 5_000;
/** Of all processes together. With more, every other reading goes, and the pause doubles. */
const SAMPLES_MAX = 12_000;
const BLOCK_BYTES = 512;

export interface ResourceWatchOptions {
  /** @default INTERVAL_MS */
  readonly intervalMs?: number;
  /** @default SAMPLES_MAX */
  readonly samplesMax?: number;
  /** The clock of the readings. @default ms since the machine booted */
  readonly nowMs?: () => number;
}

export class ResourceWatch {
  readonly #processes: readonly WatchedProcess[];
  readonly #nowMs: () => number;
  readonly #samplesMax: number;
  #samples: ResourceSample[] = [];
  #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    processes: readonly WatchedProcess[],
    {
      intervalMs = INTERVAL_MS,
      samplesMax = SAMPLES_MAX,
      nowMs = () => performance.now(),
    }: ResourceWatchOptions = {},
  ) {
    this.#processes = processes;
    this.#intervalMs = intervalMs;
    this.#samplesMax = samplesMax;
    this.#nowMs = nowMs;
    this.#again();
  }

  get samples(): readonly ResourceSample[] {
    return this.#samples;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #again(): void {
    this.#timer = setTimeout(() => {
      this.#look();
      this.#again();
    }, this.#intervalMs).unref();
  }

  #look(): void {
    for (const { name, pid, folder } of this.#processes) {
      const id = pid();
      const usage = id === undefined ? null : sampleProcess(id);
      const handles = id === undefined ? null : handlesOf(id);
      if (id === undefined || usage === null || handles === null) continue;
      const logBytes = folder === undefined ? 0 : bytesBelow(folder);
      const timeMs = Math.round(this.#nowMs());
      this.#samples.push({ timeMs, member: name, pid: id, rssBytes: usage.rssBytes, handles, logBytes });
    }
    if (this.#samples.length > this.#samplesMax) this.#thin();
  }

  /** Keeps every other reading of each process. */
  #thin(): void {
    const seen = new Map<string, number>();
    this.#samples = this.#samples.filter(({ member, pid }) => {
      const key = `${member} ${pid}`;
      const at = seen.get(key) ?? 0;
      seen.set(key, at + 1);
      return at % 2 === 0;
    });
    this.#intervalMs *= 2;
  }
}

/** Of this machine: others are not asked. Each member with all that it writes: logs, snapshots, messages. */
export function membersToWatch({ members }: Ensemble): WatchedProcess[] {
  return members
    .filter(({ host }) => host === LOCAL_HOST)
    .map(member => ({
      name: member.name,
      pid: () => (member.isStarted && member.process.isRunning ? member.pid : undefined),
      folder: member.plan.folder,
    }));
}

/** @param folder of what it records */
export function labToWatch(folder?: string): WatchedProcess {
  return { name: LAB_NAME, pid: () => process.pid, folder };
}

/** What is really taken: a log file is longer than that from the start. */
function bytesBelow(folder: string): number {
  let bytes = 0;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) bytes += bytesBelow(path);
      else if (entry.isFile()) bytes += statSync(path).blocks * BLOCK_BYTES;
    }
  } catch {
    // A file was removed meanwhile, or the whole folder.
  }
  return bytes;
}
