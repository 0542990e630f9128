import type { Disk } from '../../server/runtime/runtime.ts';
import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { LinkQuality } from '../../server/runtime/virtual/memory-link.ts';
import type { VirtualClock } from '../../server/runtime/virtual/virtual-clock.ts';
import type { MemberProgram, MemberSpec } from './members/member.ts';
import type { Shape } from './shape.ts';

export interface WorldOptions {
  random: SeededRandom;
  members: readonly MemberSpec[];
  program: MemberProgram;
  link?: Partial<LinkQuality>;
  syncDelayMsMax?: number;
  /** Each turn takes a random time up to this; see `VirtualClock`. */
  turnMsMax?: number;
  /** Each turn takes exactly this long, so that virtual milliseconds count turns. */
  turnMs?: number;
  /**
   * The time of the turn that a member has just taken, in place of the two above; its output waits for it.
   */
  chargeMs?: (spec: MemberSpec) => number;
  /** What each member and client can send. @default any number of bytes at once */
  uplinkBytesPerMs?: number;
  /** See `MemberContext`. */
  turnUnits?: number;
  driftMax?: number;
  /** Includes the debug lines of the members in the trace. */
  debug?: boolean;
  settings?: Readonly<Record<string, string>>;
  /** The members that serve read-only clients without a master. */
  readOnlyObservers?: readonly string[];
  /** @default a majority of the members that vote decides */
  shape?: Shape;
  /** See `SimulationOptions`. @default true */
  watchQuorums?: boolean;
  /** Called with each line that a member logs. */
  onLine?: (member: string, line: string) => void;
  /** Plants a fault in the disks of some members. */
  wrapDisk?: (disk: Disk, clock: VirtualClock, spec: MemberSpec) => Disk;
}
