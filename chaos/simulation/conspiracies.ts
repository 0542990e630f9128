import type { FaultOf } from './fault.ts';
import type { World } from './world.ts';

/** Faults of several members at once, in steps: each is the shape of a loss that random faults seldom take. */
export interface Stage {
  readonly world: World;
  /** Runs later, unless the run of faults is over. */
  after(delayMs: number, run: () => void): void;
}

/** A supervisor's pause before it starts a dead member again. */
const REBOOT_MS = 60;
/** Nobody is answered: the blow falls all the same. */
export const ACK_WAIT_MS_MAX = 1500;
const CUT_MS = 20;
const CALM_SYNC_MS = 0.5;

/**
 * A minority is cut off, so that what is acknowledged rests on a bare majority, one of which has a slow disk. Behind an
 * acknowledgement, or when it has just formed again, all of that majority loses power. That one comes back, and with the minority it is a quorum: what it
 * acked and does not have is lost. The rest comes back into the new epoch, with what nobody else may have; without a time
 * to stay away (0) as soon as another leads, when that can still be cut.
 */
export function majorityLoss(stage: Stage, fault: FaultOf<'majority-loss'>): (() => void) | undefined {
  const { world } = stage;
  const leader = world.leader();
  if (leader === undefined) return undefined;
  const others = fault.order.filter(sid => sid !== leader && world.isVoter(sid));
  const minority = others.slice(0, Math.floor(others.length / 2));
  const majority = [leader, ...others.slice(minority.length)];
  const back = fault.back === 'leader' ? leader : (majority[1] ?? leader);
  const links = minority.flatMap(a =>
    world.sids.filter(b => !minority.includes(b)).flatMap(b => [[a, b] as const, [b, a] as const]),
  );
  for (const [from, to] of links) world.cut(from, to, 'blackhole');
  world.setSyncDelay(back, fault.syncDelayMs);
  const strike = () => {
    for (const sid of majority) world.crash(sid, 'power');
    world.setSyncDelay(back, CALM_SYNC_MS);
    for (const [from, to] of links) world.heal(from, to);
    stage.after(REBOOT_MS, () => world.start(back));
    const startAll = () => {
      for (const sid of majority) world.start(sid);
    };
    if (fault.awayMs > 0) stage.after(fault.awayMs, startAll);
    else onceAt(stage, 'leading', fault.leadMs + ACK_WAIT_MS_MAX, startAll);
  };
  /** The majority forms once more: whose disk is slow has lost what the others kept, and is brought level. */
  const again = () => {
    for (const sid of majority) world.crash(sid, sid === back ? 'power' : 'kill');
    for (const sid of majority) stage.after(REBOOT_MS, () => world.start(sid));
  };
  stage.after(fault.leadMs, () => {
    onceAt(stage, fault.on, ACK_WAIT_MS_MAX, () => stage.after(fault.afterMs, strike));
    if (fault.on === 'leading') again();
  });
  return () => {
    for (const sid of majority) world.start(sid);
  };
}

/** Whoever leads sleeps until another leader has been acknowledged a write, and wakes in the belief that it still leads. */
export function oversleep(stage: Stage, fault: FaultOf<'oversleep'>): (() => void) | undefined {
  const { world } = stage;
  const leader = world.leader();
  if (leader === undefined) return undefined;
  world.pause(leader);
  const stop = world.moments.watch('leading', () => {
    stop();
    onceAt(stage, 'ack', ACK_WAIT_MS_MAX, () => stage.after(fault.afterMs, () => world.resume(leader)));
  });
  return () => {
    stop();
    world.resume(leader);
  };
}

/** At each such moment of the target, again and again: it dies and comes back, or loses its connections to all others. */
export function ambush(stage: Stage, fault: FaultOf<'ambush'>): () => void {
  const { world } = stage;
  let left = fault.times;
  let armed = true;
  const stop = world.moments.watch(fault.moment, sid => {
    const isMine = fault.target === 'leader' || sid === undefined || sid === fault.target;
    if (!armed || left === 0 || !isMine) return;
    armed = false;
    left--;
    stage.after(fault.afterMs, () => {
      const target = fault.target === 'leader' ? world.leader() : fault.target;
      if (target !== undefined && world.isUp(target)) strikeOne(stage, target, fault.how);
      stage.after(REBOOT_MS, () => {
        armed = true;
      });
    });
  });
  return stop;
}

function strikeOne(stage: Stage, target: number, how: FaultOf<'ambush'>['how']): void {
  const { world } = stage;
  if (how !== 'cut') {
    world.crash(target, how);
    stage.after(REBOOT_MS, () => world.start(target));
    return;
  }
  const others = world.sids.filter(sid => sid !== target);
  for (const other of others) {
    world.cut(target, other, 'refuse');
    world.cut(other, target, 'refuse');
  }
  stage.after(CUT_MS, () => {
    for (const other of others) {
      world.heal(target, other);
      world.heal(other, target);
    }
  });
}

/** One member after the other ends and starts again, as an operator restarts an ensemble. */
export function rolling(stage: Stage, fault: FaultOf<'rolling'>): () => void {
  const { world } = stage;
  let over = false;
  fault.order.forEach((sid, at) => {
    stage.after(at * fault.everyMs, () => {
      if (over || !world.isUp(sid)) return;
      world.crash(sid, fault.how);
      stage.after(fault.everyMs / 2, () => world.start(sid));
    });
  });
  return () => {
    over = true;
    for (const sid of fault.order) world.start(sid);
  };
}

/** At the next such moment, or after `waitMsMax` without one. */
function onceAt(stage: Stage, moment: 'ack' | 'leading', waitMsMax: number, run: () => void): void {
  let done = false;
  const once = () => {
    if (done) return;
    done = true;
    stop();
    // Not inside whoever reached it.
    stage.after(0, run);
  };
  const stop = stage.world.moments.watch(moment, once);
  stage.after(waitMsMax, once);
}
