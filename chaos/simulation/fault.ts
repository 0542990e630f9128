import type { Cut } from '../../server/runtime/memory-link.ts';
import type { Crash } from '../../server/runtime/memory-runtime.ts';
import type { Moment } from './moments.ts';

/** A member by sid, or whoever leads when the fault is injected. */
export type Target = number | 'leader';

export type Fault =
  /** The process dies, and starts again when the fault ends. */
  | { readonly kind: 'crash'; readonly target: Target; readonly how: Crash }
  /**
   * Dies now and again at each of these disk operations after a boot, counted from it: most of what must be durable
   * in some order happens while a member forms or syncs, in the first dozens.
   */
  | {
      readonly kind: 'crash-loop';
      readonly target: Target;
      readonly how: Crash;
      readonly operations: readonly number[];
    }
  /** From some disk operation on, no room is left or no sync succeeds: the member must stop, and start once it is over. */
  | {
      readonly kind: 'sick-disk';
      readonly target: Target;
      readonly how: DiskSickness;
      readonly afterOperations: number;
    }
  /** An observer loses its disk and comes back with an empty one. Voters never do: that breaks what Zab rests on. */
  | { readonly kind: 'wipe'; readonly target: Target }
  /**
   * Every member loses power at the same instant; afterwards each starts `staggerMs` after the one before it, the last
   * first when that is negative, so that quorums form of those that happen to be up.
   */
  | { readonly kind: 'outage'; readonly staggerMs?: number }
  /** Whoever leads is killed, every so often, and starts again: mostly in the middle of forming its quorum. */
  | { readonly kind: 'leader-hunt'; readonly how: Crash; readonly everyMs: number }
  /** As SIGSTOP: the kernel goes on, the process does not. */
  | { readonly kind: 'pause'; readonly target: Target }
  /** The target's side cannot talk to the rest; one member or several. */
  | { readonly kind: 'partition'; readonly side: readonly Target[]; readonly how: Cut }
  /** One direction only: `from` is not heard by `to`. */
  | { readonly kind: 'one-way'; readonly from: Target; readonly to: Target; readonly how: Cut }
  /**
   * One direction of the connections there are now: what `from` sends `to` is lost, though both ends live. New ones work.
   */
  | { readonly kind: 'half-open'; readonly from: Target; readonly to: Target }
  /** See `conspiracies.ts`. `order` says who is the minority, and who acks: the leader of the moment is left out of it. */
  | {
      readonly kind: 'majority-loss';
      readonly order: readonly number[];
      readonly syncDelayMs: number;
      readonly leadMs: number;
      /** What the loss of power follows, and how soon. */
      readonly on: 'ack' | 'leading';
      readonly afterMs: number;
      readonly back: Accomplice;
      readonly awayMs: number;
    }
  /** The leader is paused, and goes on only when another one has led and a write was acknowledged. */
  | { readonly kind: 'oversleep'; readonly afterMs: number }
  /** `afterMs` behind each such moment, up to `times`, the target dies and comes back, or its connections are reset. */
  | {
      readonly kind: 'ambush';
      readonly moment: Moment;
      readonly target: Target;
      readonly how: Crash | 'cut';
      readonly afterMs: number;
      readonly times: number;
    }
  /** Each member in turn is restarted. */
  | {
      readonly kind: 'rolling';
      readonly order: readonly number[];
      readonly how: Crash;
      readonly everyMs: number;
    }
  | { readonly kind: 'slow-link'; readonly target: Target; readonly latencyMs: number }
  | { readonly kind: 'slow-disk'; readonly target: Target; readonly syncDelayMs: number }
  /** The wall clock jumps and does not come back. */
  | { readonly kind: 'clock-jump'; readonly target: Target; readonly byMs: number };

/** `full`: writes fail with ENOSPC. `failed-sync`: syncs fail, and what they were to save may be gone. */
export type DiskSickness = 'full' | 'failed-sync';

/** Who of a bare majority: its leader, or the first who acks. */
export type Accomplice = 'leader' | 'acker';

export type FaultKind = Fault['kind'];

export type FaultOf<K extends FaultKind> = Extract<Fault, { kind: K }>;

export interface PlannedFault {
  /** From the beginning of the chaos phase. */
  readonly atMs: number;
  readonly durationMs: number;
  readonly fault: Fault;
}

export function describeFault(fault: Fault): string {
  const { kind, ...rest } = fault;
  const details = Object.entries(rest).map(([key, value]) => `${key}=${String(value)}`);
  return [kind, ...details].join(' ');
}
