import type { Cut } from '../../server/runtime/memory-link.ts';
import type { Crash } from '../../server/runtime/memory-runtime.ts';

/** A member by sid, or whoever leads when the fault is injected. */
export type Target = number | 'leader';

export type Fault =
  /** The process dies, and starts again when the fault ends. */
  | { readonly kind: 'crash'; readonly target: Target; readonly how: Crash }
  /** Every member loses power at the same instant. */
  | { readonly kind: 'outage' }
  /** As SIGSTOP: the kernel goes on, the process does not. */
  | { readonly kind: 'pause'; readonly target: Target }
  /** The target's side cannot talk to the rest; one member or several. */
  | { readonly kind: 'partition'; readonly side: readonly Target[]; readonly how: Cut }
  /** One direction only: `from` is not heard by `to`. */
  | { readonly kind: 'one-way'; readonly from: Target; readonly to: Target; readonly how: Cut }
  | { readonly kind: 'slow-link'; readonly target: Target; readonly latencyMs: number }
  | { readonly kind: 'slow-disk'; readonly target: Target; readonly syncDelayMs: number }
  /** The wall clock jumps and does not come back. */
  | { readonly kind: 'clock-jump'; readonly target: Target; readonly byMs: number };

export type FaultKind = Fault['kind'];

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
