import type { SeededRandom } from '../../../server/runtime/seeded-random.ts';
import type { MemoryNetwork } from '../../../server/runtime/virtual/memory-network.ts';
import { type Crash, MemoryMachine } from '../../../server/runtime/virtual/memory-runtime.ts';
import { DiskTroubles } from '../disks/disk-troubles.ts';
import type { Moments } from '../moments.ts';
import type { WorldOptions } from '../world-options.ts';
import type { MemberSpec, RunningMember } from './member.ts';

/** A member with all that outlives its process: a machine, its disk, and what its file says. */
export interface InstalledMember {
  readonly spec: MemberSpec;
  readonly machine: MemoryMachine;
  readonly random: SeededRandom;
  running: RunningMember | undefined;
  /** The faults of its disk; see `disk-troubles.ts`. */
  readonly troubles: DiskTroubles;
  /**
   * Disk operations at which it dies in the next boots; undefined: none, and it stays down after a crash.
   */
  crashLoop: { how: Crash; left: number[] } | undefined;
  /** The members that its file names when it is written: for the first time, or for a new start. */
  listed: readonly MemberSpec[];
  isPrepared: boolean;
}

export function installMember(
  spec: MemberSpec,
  options: WorldOptions,
  { network, moments }: { readonly network: MemoryNetwork; readonly moments: Moments },
): InstalledMember {
  const { random, wrapDisk, syncDelayMsMax = 0, members } = options;
  const own = random.fork(spec.name);
  const machine = new MemoryMachine({
    network,
    name: spec.name,
    random: own,
    ...(wrapDisk === undefined ? {} : { wrapDisk: (disk, clock) => wrapDisk(disk, clock, spec) }),
  });
  machine.disk.syncDelayMs = own.between(syncDelayMsMax / 10, syncDelayMsMax);
  const troubles = new DiskTroubles(machine, path => moments.onOpen(spec.sid, path));
  const listed = members.filter(({ sid, isSpare = false }) => !isSpare || sid === spec.sid);
  return {
    ...{ spec, machine, random: own.fork('clock'), running: undefined, troubles, crashLoop: undefined },
    ...{ listed, isPrepared: false },
  };
}

/** How long the turns of a member take. */
export function turnMsOf({ spec, random }: InstalledMember, options: WorldOptions): () => number {
  const { turnMsMax = 0, turnMs, chargeMs } = options;
  if (chargeMs !== undefined) return () => chargeMs(spec);
  if (turnMs !== undefined) return () => turnMs;
  return turnMsMax === 0 ? () => 0 : () => turnMsMax * random.float();
}
