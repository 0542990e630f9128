/** What all processes of this machine together did with its cores between two moments, from /proc/stat. */
import { readFileSync } from 'node:fs';

/** Clock ticks since the machine started, over all cores. */
export interface MachineTicks {
  readonly idle: number;
  /** Time in which another virtual machine had the core. */
  readonly steal: number;
  readonly all: number;
}

/** Shares of the time of all cores, 0 to 1. */
export interface MachineUse {
  readonly idle: number;
  readonly steal: number;
}

/** Null on a system without /proc. */
export function machineTicks(): MachineTicks | null {
  try {
    return machineTicksOf(readFileSync('/proc/stat', 'latin1'));
  } catch {
    return null;
  }
}

/** A core that waits for its disk is idle. @see proc(5) */
export function machineTicksOf(stat: string): MachineTicks {
  const fields = /^cpu +(.+)$/m.exec(stat)?.[1]?.split(' ').map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = fields;
  const waits = idle + iowait;
  return { idle: waits, steal, all: user + nice + system + waits + irq + softirq + steal };
}

/** Undefined when the machine does not tell, or no tick has passed. */
export function machineUse(from: MachineTicks | null, to: MachineTicks | null): MachineUse | undefined {
  if (from === null || to === null || to.all <= from.all) return undefined;
  const all = to.all - from.all;
  return { idle: (to.idle - from.idle) / all, steal: (to.steal - from.steal) / all };
}
