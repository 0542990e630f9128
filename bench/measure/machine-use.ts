/**
 * How busy the machine was during a run, and with what: what the run itself used, what others used, and what
 * a hypervisor took. From /proc; on other systems than Linux most of it is unknown.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, getPriority, loadavg } from 'node:os';
import type { MachineUse } from '../../results/schema.ts';
import { type MachineTicks, machineTicks } from '../hosts/machine-cpu.ts';
import { sampleProcess } from '../hosts/process-usage.ts';

/** USER_HZ, the unit of /proc. It is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

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
  const all = Math.max(1, to.machine.all - from.machine.all);
  const own = to.ownTicks - from.ownTicks;
  const idle = to.machine.idle - from.machine.idle;
  const steal = to.machine.steal - from.machine.steal;
  const busy = Math.max(0, all - idle - steal);
  return {
    ownCores: round(cores(own)),
    othersCores: round(Math.max(0, cores(busy - own))),
    idleShare: round(idle / all),
    stealShare: round(steal / all),
  };
}

function sample(): Sample | undefined {
  const machine = machineTicks();
  if (machine === null) return undefined;
  return { atMs: performance.now(), machine, ownTicks: ownTicks(process.pid, processStats()) };
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
