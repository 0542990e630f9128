/**
 * What a fault of the simulation is, and what its file may use. To add one, add a file beside this one and a
 * line in `index.ts`.
 */
import { z } from 'zod';
import type { SeededRandom } from '../../../server/runtime/seeded-random.ts';
import type { World } from '../world.ts';

/** A member by sid, or whoever leads when the fault is injected. */
export type Target = number | 'leader';

/**
 * Read-only clients at an observer; a hierarchical quorum; two voters with an oracle; reconfigurations; an
 * address of each member on each of two networks.
 */
export type FaultNeed = 'readers' | 'groups' | 'oracle' | 'spares' | 'networks';

export interface SimulatedFault<F extends { readonly kind: string }> {
  readonly kind: F['kind'];
  /** One line, for `zklab list`. */
  readonly description: string;
  /** Its form in plan files. `kind` is a literal. */
  readonly schema: z.ZodObject;
  /** Its weight among the faults of a swarm that includes it. */
  readonly weight: number;
  /**
   * Whether only a whole server can take it. Such faults are drawn separately, so that the runs of a toy do
   * not change with them. @default false
   */
  readonly ofServers?: boolean;
  /**
   * What a run must have for the fault to matter. Other runs do not draw it, so that they do not change with
   * it. @default nothing
   */
  readonly needs?: FaultNeed;
  /** Runs in which only this fault occurs, as a number beside the runs with all faults. @default none */
  readonly focus?: { readonly days: number; readonly intervalMs?: number };
  draw(from: DrawnFrom): F;
  /** The minimum duration of a fault with steps, so that it does not end before its last step. @default 0 */
  leastMs?(fault: F): number;
  /** Injects it now. Returns what ends the fault, or undefined when there was nothing to break. */
  begin(stage: FaultStage, fault: F): (() => void) | undefined;
}

type Written<Fields extends z.ZodRawShape> = z.infer<z.ZodObject<Fields>>;

interface FaultText<F extends { readonly kind: string }>
  extends Omit<SimulatedFault<F>, 'kind' | 'schema' | 'draw'> {
  draw(from: DrawnFrom): Omit<F, 'kind'>;
}

/**
 * Defines a fault of the simulation. Its schema and every drawn fault get their kind from here.
 * @param fields of the fault in plan files, beside its kind
 */
export function simulatedFault<K extends string, Fields extends z.ZodRawShape>(
  kind: K,
  fields: Fields,
): (text: FaultText<{ kind: K } & Written<Fields>>) => SimulatedFault<{ kind: K } & Written<Fields>> {
  const schema = z.strictObject({ kind: z.literal(kind), ...fields });
  type F = { kind: K } & Written<Fields>;
  return ({ draw, ...text }) => ({
    // The compiler cannot know that no field is named `kind`.
    kind: kind as unknown as F['kind'],
    schema,
    draw: from => ({ kind, ...draw(from) }) as F,
    ...text,
  });
}

/** A `begin` that harms the target member, if it runs. */
export function onMember<F extends { readonly target: Target }>(
  harm: (stage: FaultStage, sid: number, fault: F) => (() => void) | undefined,
): (stage: FaultStage, fault: F) => (() => void) | undefined {
  return (stage, fault) => {
    const sid = resolve(stage, fault.target);
    return sid !== undefined && stage.world.isUp(sid) ? harm(stage, sid, fault) : undefined;
  };
}

/**
 * What a fault is drawn from. The target is drawn for every kind, so that the plan of a seed does not depend
 * on which kinds use it.
 */
export interface DrawnFrom {
  readonly random: SeededRandom;
  readonly sids: readonly number[];
  readonly target: Target;
}

/** What a fault acts on. */
export interface FaultStage {
  readonly world: World;
  /** Faults that are under way, and how many have begun so far. */
  readonly faults: { readonly active: number; readonly begun: number };
  /** Runs later, unless the run of faults has ended. */
  after(delayMs: number, run: () => void): void;
}

export const ms = z.number().nonnegative();
export const targetSchema = z.union([z.number().int(), z.literal('leader')]);
export const cutSchema = z.enum(['refuse', 'blackhole']);
export const crashSchema = z.enum(['kill', 'power']);
export const orderSchema = z.array(z.number().int());

/** Undefined while there is no leader. */
export function resolve({ world }: FaultStage, target: Target): number | undefined {
  return target === 'leader' ? world.leader() : target;
}

/** Draws two different members. */
export function twoMembers(
  stage: FaultStage,
  { from, to }: { readonly from: Target; readonly to: Target },
): readonly [from: number, to: number] | undefined {
  const pair = [resolve(stage, from), resolve(stage, to)] as const;
  const [a, b] = pair;
  return a === undefined || b === undefined || a === b ? undefined : [a, b];
}

/** Sync time of a disk after its slowness has ended. */
export const CALM_SYNC_MS = 0.5;
/** Pause of a supervisor before it restarts a dead member. */
export const REBOOT_MS = 60;
/** When no client is answered within this time, the fault strikes anyway. */
export const ACK_WAIT_MS_MAX = 1500;
/** Time within which elections end and clients reconnect. */
export const STEPS_MS = 3000;

/** Runs at the next such moment, or after `waitMsMax` without one. */
export function onceAt(
  stage: FaultStage,
  moment: 'ack' | 'leading',
  waitMsMax: number,
  run: () => void,
): void {
  let done = false;
  const once = () => {
    if (done) return;
    done = true;
    stop();
    // Not inside the call of the member or client that reached the moment.
    stage.after(0, run);
  };
  const stop = stage.world.moments.watch(moment, once);
  stage.after(waitMsMax, once);
}
