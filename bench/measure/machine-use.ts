/**
 * How busy the machine was during a run, and with what: what the run itself used, what others used, and what
 * a hypervisor took. From /proc; on other systems than Linux most of it is unknown.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, getPriority, loadavg } from 'node:os';
import type { MachineUse } from '../../results/schema.ts';
import { sampleProcess } from '../hosts/process-usage.ts';

/** USER_HZ, the unit of /proc. It is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Clock ticks since the machine booted, over all cores. */
interface MachineTicks {
  readonly busy: number;
  readonly steal: number;
  readonly total: number;
}

interface Sample {
  readonly atMs: number;
  readonly machine: MachineTicks;
  readonly ownTicks: number;
}

export class MachineWatch {
  readonly #from = sample();
  readonly #fromMs = performance.now();
  readonly #loadAverageBefore = round(loadavg()[0]!);

  /** @param proxyPid the Toxiproxy that was started here */
  use(driver: MachineUse['driver'], proxyPid: number | undefined): MachineUse {
    const to = sample();
    const proxy = proxyPid === undefined ? null : sampleProcess(proxyPid);
    const common = {
      cores: availableParallelism(),
      loadAverageBefore: this.#loadAverageBefore,
      loadAverageAfter: round(loadavg()[0]!),
      niceValue: getPriority(),
      driver,
      // It started with the run.
      proxyCores: proxy === null ? null : round(proxy.cpuMs / this.#elapsedMs()),
    };
    return { ...common, ...(this.#from && to ? useBetween(this.#from, to) : {}) };
  }

  #elapsedMs(): number {
    return Math.max(1, performance.now() - this.#fromMs);
  }
}

/** Means over the time between two samples. */
export function useBetween(
  from: Sample,
  to: Sample,
): Pick<MachineUse, 'ownCores' | 'othersCores' | 'idleShare' | 'stealShare'> {
  const seconds = Math.max(0.001, (to.atMs - from.atMs) / 1000);
  const cores = (ticks: number) => ticks / TICKS_PER_SECOND / seconds;
  const total = Math.max(1, to.machine.total - from.machine.total);
  const own = to.ownTicks - from.ownTicks;
  const busy = to.machine.busy - from.machine.busy;
  const steal = to.machine.steal - from.machine.steal;
  return {
    ownCores: round(cores(own)),
    othersCores: round(Math.max(0, cores(busy - own))),
    idleShare: round(Math.max(0, (total - busy - steal) / total)),
    stealShare: round(steal / total),
  };
}

function sample(): Sample | undefined {
  try {
    return {
      atMs: performance.now(),
      machine: machineTicks(readFileSync('/proc/stat', 'latin1')),
      ownTicks: ownTicks(process.pid, processStats()),
    };
  } catch {
    return undefined;
  }
}

/**
 * The line `cpu`: user, nice, system, idle, iowait, irq, softirq, steal. Guests are part of user.
 * @see proc(5)
 */
export function machineTicks(stat: string): MachineTicks {
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = (
    /^cpu +(.*)$/m.exec(stat)?.[1] ?? ''
  )
    .split(' ')
    .map(Number);
  const busy = user + nice + system + irq + softirq;
  return { busy, steal, total: busy + idle + iowait + steal };
}

interface ProcessStat {
  readonly parent: number;
  /** Its own, and those of its children that it has waited for. */
  readonly ticks: number;
}

/** A process with all its descendants, the ended ones included. */
export function ownTicks(root: number, all: ReadonlyMap<number, ProcessStat>): number {
  const children = new Map<number, number[]>();
  for (const [pid, { parent }] of all) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const sumOf = (pid: number): number =>
    (all.get(pid)?.ticks ?? 0) + (children.get(pid) ?? []).reduce((sum, child) => sum + sumOf(child), 0);
  return sumOf(root);
}

function processStats(): Map<number, ProcessStat> {
  const all = new Map<number, ProcessStat>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      all.set(Number(name), parseProcessStat(readFileSync(`/proc/${name}/stat`, 'latin1')));
    } catch {
      // It has ended in the meantime.
    }
  }
  return all;
}

/** The name, field 2, is in parentheses and may contain anything. Parent is field 4, times are 14 to 17. */
export function parseProcessStat(stat: string): ProcessStat {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { parent: Number(fields[1]), ticks };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
